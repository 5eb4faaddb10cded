import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { stackJson } from '../../../src/cli/render/json.ts';
import { describeService, renderStack } from '../../../src/cli/render/stacks.ts';
import type {
  PublishedPort,
  PublishedService,
  RunningStack,
  ServiceStateName,
} from '../../../src/protocol/messages.ts';

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
    expect(textOf(withReplicas('failed', 'ready'))).toBe('1 of 2 replicas ready — portramp why web');
    expect(textOf(withReplicas('ready', 'backoff'))).toBe('1 of 2 replicas ready — portramp why web');
  });

  it('says nothing of it when there is one', () => {
    expect(textOf(withReplicas('ready'))).toBe('');
  });
});

describe('a service that listens elsewhere', () => {
  const withPort = (more: Partial<PublishedPort>): PublishedService => ({
    ...withReplicas('ready'),
    ports: [{ name: 'http', appProtocol: 'http', port: 1, targetPort: 3_000, hosts: [], ...more }],
  });

  it('says so where something listens there, as far as anybody looked', () => {
    for (const listening of [true, undefined]) {
      const seen = listening === undefined ? {} : { listening };
      expect(textOf(withPort({ given: 20_000, ...seen }))).toBe('listens on 3000 in place of 20000');
    }
    expect(textOf(withPort({ given: 20_000, listening: false }))).toBe('');
    expect(textOf(withPort({ listening: true }))).toBe('');
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

describe('what to type about a service of a stack', () => {
  const failed: PublishedService = {
    ...withReplicas(),
    state: 'failed',
    reason: 'needs db, which failed',
    hint: 'see "portramp logs db"',
  };
  const stackIn = (root: string, environment: string): RunningStack => ({
    root,
    environment,
    workspace: 'shop',
    workspaceId: 'shop',
    main: false,
    slug: 'shop-auth',
    ident: 'shop_auth',
    index: 0,
    services: [failed],
  });

  it.each([
    ['is short in its own folder', process.cwd(), 'dev', 'portramp logs db'],
    ['names another environment', process.cwd(), 'test', 'portramp logs --env test db'],
    ['names the stack elsewhere', '/elsewhere', 'test', 'portramp logs --stack shop-auth db'],
  ])('%s', (_name, root, environment, command) => {
    const stack = stackIn(root, environment);
    expect(stripVTControlCharacters(renderStack(stack))).toContain(`— see "${command}"`);
    expect(stackJson(stack).services).toEqual([{ ...failed, hint: `see "${command}"` }]);
  });
});
