import { expect, it } from 'vitest';

import { explainSilence } from '../../../src/cli/silent-logs.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';

const service = (name: string, more: Partial<PublishedService>): PublishedService => ({
  name,
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [],
  ...more,
});
const services = [
  service('web', { state: 'waiting', waitingFor: ['api'] }),
  service('api', { state: 'waiting', waitingFor: ['db', 'other'] }),
  service('db', { state: 'warming' }),
  service('left', { state: 'idle' }),
  service('quiet', {}),
  service('broken', {
    state: 'failed',
    failure: { message: 'needs db, which failed', hint: 'see "portramp logs db"', log: [] },
  }),
  service('ring', { state: 'waiting', waitingFor: ['ring'] }),
];
const stack = { pid: 1, services } as unknown as RunningStack;

it.each([
  ['web', 'it waits for api; db is warming: portramp logs db'],
  ['left', 'it was not started: portramp start left'],
  ['quiet', 'it is ready, and silent so far'],
  ['broken', 'needs db, which failed — see "portramp logs db"'],
  ['ring', 'it waits for ring'],
  ['gone', 'the stack has no such service now'],
])('an empty log says why it is empty: %s', (name, why) => {
  expect(explainSilence(name, stack)).toBe(`${name} has printed nothing: ${why}`);
});

it('of a stack that does not run', () => {
  const { pid: _, ...rest } = stack;
  expect(explainSilence('web', rest)).toBe('web has printed nothing: the stack does not run: portramp dev');
});
