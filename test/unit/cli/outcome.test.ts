/** What `portramp restart` says of a service in the end. */
import { expect, it } from 'vitest';

import type { LastingClient } from '../../../src/cli/lasting.ts';
import { waitForOutcome } from '../../../src/cli/waiting/outcome.ts';
import type { PublishedService, RunningStack } from '../../../src/protocol/messages.ts';

const key = { root: '/shop', environment: 'dev' };

/** A daemon that tells of a service that serves by that revision. */
function daemonTelling(serving: number): LastingClient {
  const api: PublishedService = {
    name: 'api',
    kind: 'process',
    state: 'ready',
    restarts: 0,
    ports: [],
    revision: { asked: serving, serving },
  };
  const client: Partial<LastingClient> = {
    onNotice: (listener) => {
      setImmediate(() => {
        listener('stack', {
          key,
          stack: { ...key, slug: 'shop', services: [api] } as unknown as RunningStack,
        });
      });
      return () => undefined;
    },
    onClose: () => () => undefined,
    request: async () => ({}) as never,
  };
  return client as LastingClient;
}

it.each([
  [2, undefined],
  [3, 'another restart, which was asked for later, took the place of this one'],
])('by revision %i, where the second was asked for: %s', async (serving, note) => {
  const { settled, error } = await waitForOutcome(
    daemonTelling(serving),
    key,
    { names: ['api'], asked: { api: 2 } },
    2_000,
  );
  expect([settled.map((each) => each.note), error]).toEqual([[note], undefined]);
});
