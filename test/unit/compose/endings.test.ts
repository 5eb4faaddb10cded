import { describe, expect, it } from 'vitest';

import { describeEnding, watchOutside } from '../../../src/runtime/compose/ended.ts';
import type { Container } from '../../../src/runtime/engine/containers.ts';
import { findContainerProblem, findIllness } from '../../../src/stack/compose/health.ts';

const container = (fields: Partial<Container> = {}): Container => ({
  id: 'a',
  name: 'shop-db-1',
  service: 'db',
  state: 'running',
  health: '',
  exitCode: 0,
  outOfMemory: false,
  startedAt: '2026-11-29T12:00:00Z',
  hasTerminal: false,
  nameless: [],
  attachment: { kind: 'networks', networks: [{ name: 'shop_default', id: 'n' }] },
  publications: [{ target: '5432/tcp', number: 20_345 }],
  published: [20_345],
  workingDirectory: undefined,
  configFiles: [],
  configHash: undefined,
  ...fields,
});

describe('a container that does not run any more', () => {
  const ended = (fields: Partial<Container> = {}) => container({ state: 'exited', exitCode: 137, ...fields });
  const describeIt = (containers: Container[], ...events: [string, string?][]) => {
    const outside = watchOutside();
    for (const [action, signal] of events) outside.see({ action, id: 'a', signal });
    const ending = { service: 'db', containers, last: [container()], ...outside, engineWasGone: false };
    return describeEnding(ending).why?.message;
  };

  it.each([
    ['by itself', [ended()], [['die']], undefined],
    [
      'after a stop',
      [ended()],
      [['kill', '15'], ['die']],
      'shop-db-1 was stopped from outside of portramp (exit code 137)',
    ],
    ['after a signal that ends nothing', [ended()], [['kill', '1'], ['die']], undefined],
    ['after it was started again', [ended()], [['kill', '15'], ['die'], ['start'], ['die']], undefined],
    ['removed', [], [['kill', '9'], ['die']], 'shop-db-1 was removed from outside of portramp'],
    ['too large, says the engine', [ended({ outOfMemory: true })], [['die']], 'used more memory than it may'],
    ['too large, says an event', [ended()], [['oom'], ['die']], 'used more memory than it may'],
    [
      'too large, after a signal that it did not mind',
      [ended()],
      [['kill', '15'], ['oom'], ['die']],
      'used more memory than it may',
    ],
    [
      'after a stop, and one of its processes was too large before',
      [ended({ outOfMemory: true, exitCode: 0 })],
      [['oom'], ['kill', '15'], ['die']],
      'shop-db-1 was stopped from outside of portramp (exit code 0)',
    ],
    [
      'well, although one of its processes was too large before',
      [ended({ outOfMemory: true, exitCode: 0 })],
      [['oom'], ['die']],
      undefined,
    ],
  ] as const)('%s', (_, containers, events, expected) => {
    const found = describeIt([...containers], ...events.map((each): [string, string?] => [...each]));
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(expected);
  });

  it('because the engine was stopped, which stops its containers first', () => {
    const outside = watchOutside();
    for (const action of ['kill', 'die']) outside.see({ action, id: 'a', signal: '15' });
    const ending = { service: 'db', containers: [ended()], last: [container()], ...outside };
    expect(describeEnding({ ...ending, engineWasGone: true }).why?.message).toContain('engine was stopped');
  });
});

describe('what the engine says of a service', () => {
  const ports = [{ container: 5432, targetPort: 20_345 }];
  const look = (containers: Container[]) =>
    findContainerProblem({ name: 'db', containers, ports, networks: ['shop_default'] });

  it.each([
    ['well', [container()], undefined],
    ['not there', [], 'the engine knows no container of it'],
    ['paused', [container({ state: 'paused' })], 'docker unpause shop-db-1'],
    [
      'cut off',
      [container({ attachment: { kind: 'networks', networks: [] }, publications: [] })],
      'shop-db-1 is on no network any more: "portramp',
    ],
    [
      'taken off one network',
      [container({ attachment: { kind: 'networks', networks: [{ name: 'other', id: 'o' }] } })],
      'shop-db-1 is not on the network shop_default: "portramp restart db" puts it there',
    ],
    ['looping', [container({ state: 'restarting' })], 'it ends, and the engine starts it again and again'],
    [
      'looping for want of memory',
      [container({ state: 'restarting', outOfMemory: true })],
      'it ends, because it uses more memory than it may, and the engine starts it again and again: raise its memory limit (mem_limit, deploy.resources.limits) in the Compose file',
    ],
    ['exited', [container({ state: 'exited' })], 'its container is exited'],
    ['beside one that was left', [container({ id: 'b', state: 'exited' }), container()], undefined],
    [
      'published elsewhere',
      [container({ publications: [{ target: '5432/tcp', number: 5432 }] })],
      'publishes 5432 on port 5432 instead of 20345: somebody else started it so, "portramp restart db"',
    ],
    ['not published', [container({ publications: [] })], 'on no port of this machine instead of 20345'],
    [
      'one of several replicas',
      [container({ id: 'b', publications: [{ target: '5432/tcp', number: 20_346 }] }), container()],
      undefined,
    ],
  ])('%s', (_, containers, expected) => {
    const found = look(containers);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(expected);
  });

  it('asks for health only where it is checked', () => {
    expect(findIllness([container({ health: 'starting' })])).toBe('its healthcheck says: starting');
    expect(findIllness([container({ health: 'healthy' })])).toBeUndefined();
    expect(findIllness([container()])).toBe('its healthcheck says: running');
  });
});
