/** How long `portramp scale` waits, and what for. */
import { expect, it } from 'vitest';

import type { LastingClient } from '../../../src/cli/lasting.ts';
import { waitForScale } from '../../../src/cli/waiting/scaled.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';

const key = { root: '/shop', environment: 'dev' };
const instance = (slot: number, state: 'warming' | 'ready' | 'failed') => ({
  slot,
  state,
  role: 'serving' as const,
  ports: {},
});
const api = (...states: ('warming' | 'ready' | 'failed')[]): PublishedService => ({
  name: 'api',
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [],
  instances: states.map((state, slot) => instance(slot, state)),
});

/** A daemon that tells of these states of the stack, one after the other. */
function daemonTelling(...news: (PublishedService | undefined)[]): LastingClient {
  const client: Partial<LastingClient> = {
    onNotice: (listener) => {
      setImmediate(() => {
        for (const service of news) {
          const stack = service && ({ ...key, slug: 'shop', services: [service] } as unknown as RunningStack);
          listener('stack', { key, ...(stack === undefined ? {} : { stack }) });
        }
      });
      return () => undefined;
    },
    onClose: () => () => undefined,
    request: async () => ({}) as never,
  };
  return client as LastingClient;
}
const scaled = (...news: (PublishedService | undefined)[]) =>
  waitForScale(daemonTelling(...news), key, new Map([['api', 2]]), 2_000);

it('until there are as many replicas as shall be', async () => {
  const { settled, error } = await scaled(api('ready'), api('ready', 'warming'), api('ready', 'ready'));
  expect([settled.map(({ note }) => note), error]).toEqual([['2 replicas'], undefined]);
});

it('no longer than one of them works at all', async () => {
  const { error } = await scaled(api('ready', 'warming'), api('ready', 'failed'));
  expect(error?.message).toBe('1 of 2 replicas of api failed\n  replica 1 is failed');
});

it('and names each one that failed, with its reason and what it printed last', async () => {
  const failure = { message: 'exited with code 3', exitCode: 3, log: ['listening', '', 'boom'] };
  const { instances = [], ...service } = api('ready', 'failed');
  const broken = {
    ...service,
    instances: instances.map((one) => (one.slot === 1 ? { ...one, failure } : one)),
  };
  const { error } = await scaled(api('ready', 'warming'), broken);
  expect(error?.message).toBe(
    '1 of 2 replicas of api failed\n  replica 1 is failed: exited with code 3\n' +
      '  the last lines of one of them:\n    listening\n    boom',
  );
  expect(error?.hint).toContain('portramp logs api');
});

it.each(['stopped', 'sleeping'] as const)('not at all for a service that is %s', async (status) => {
  const { settled, error } = await scaled({ ...api(), state: 'idle', status });
  expect([settled.map(({ note }) => note), error]).toEqual([['2 replicas when it is started'], undefined]);
});

it('no longer than the stack runs', async () => {
  await expect(scaled(api('ready', 'warming'), undefined)).rejects.toMatchObject({
    code: 'STACK_NOT_RUNNING',
  });
});
