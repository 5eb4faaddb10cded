import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { describeService } from '../../../src/cli/render/stacks.ts';
import type { PublishedService, ServiceStateName } from '../../../src/protocol/messages.ts';

const withReplicas = (...states: ServiceStateName[]): PublishedService => ({
  name: 'web',
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [],
  instances: states.map((state, slot) => ({ slot, state, role: 'serving', ports: {} })),
});

const textOf = (service: PublishedService): string =>
  stripVTControlCharacters(describeService(service)).trim();

describe('a service with replicas', () => {
  it('says how many are ready, and where to look when one has failed', () => {
    expect(textOf(withReplicas('ready', 'ready'))).toBe('2 of 2 replicas ready');
    expect(textOf(withReplicas('ready', 'warming'))).toBe('1 of 2 replicas ready');
    expect(textOf(withReplicas('failed', 'ready'))).toBe('1 of 2 replicas ready — portramp logs web');
  });

  it('says nothing of it when there is one', () => {
    expect(textOf(withReplicas('ready'))).toBe('');
  });
});

describe('a service whose newest values never got ready', () => {
  it('says so until something newer has taken its place', () => {
    const serving = {
      ...withReplicas('ready'),
      revision: { asked: 3, serving: 2, refused: 'exited with code 1' },
    };
    expect(textOf(serving)).toBe(
      'serves on as it was: the new instance did not get ready: exited with code 1 — "portramp logs web" says more; ' +
        'an edit, or "portramp restart web", tries again',
    );
    expect(textOf({ ...serving, revision: { asked: 4, serving: 4 } })).toBe('');
  });
});
