/** Which edits have services start again: those that failed, and those that follow another. */
import { describe, expect, it } from 'vitest';

import { diffServices } from '../../../src/plan/diff.ts';
import { findFollowers } from '../../../src/stack/followers.ts';
import { reconcile, retryFailed, withFollowers, type Action } from '../../../src/stack/reconcile.ts';
import type { ServiceState } from '../../../src/stack/service.ts';
import { resolutionOf } from '../plan/stack.ts';

const FAILED: ServiceState = { state: 'failed', cause: { message: 'exited with code 0' } };
const READY: ServiceState = { state: 'ready', attempt: 1, pid: 7, since: 0 };

/** What is done about `api` when its entry is edited. */
function edited(fields: string, state: ServiceState, before = ''): string[] {
  const servicesOf = (more: string) =>
    resolutionOf(`services:\n  db: { command: run }\n  api: { command: run${more} }\n`).services;
  const changes = retryFailed(diffServices(servicesOf(before), servicesOf(fields)), () => state);
  const wanted = new Set(['db', 'api']);
  const actions = reconcile({ changes, stateOf: () => state, wanted, wantedNow: wanted });
  return [...changes.map(({ impact }) => impact), ...actions.map(({ type }) => type)];
}

const EDITS = [
  ['restart', ', restart: { policy: always }'],
  ['ready', ', ready: { http: /, timeout: 1m }'],
  ['a conflict', ', transition: { onConflict: reassign }'],
  ['a listener', ', ports: { http: { listener: external } }'],
  ['follow', ', ports: { http: { follow: true } }'],
] as const;

describe('a service that failed', () => {
  it.each(EDITS)('starts again when %s is edited', (_, fields) => {
    expect(edited(fields, FAILED)).toEqual(['restart', 'update', 'restart']);
  });

  it('does not for what is there for its clients, or for when it runs', () => {
    expect(edited(', access: { from: [db] }, stop: { timeout: 1s }, start: manual', FAILED)).toEqual([
      'none',
      'update',
    ]);
  });

  it('waits for another condition', () => {
    const needs = (condition: string): string => `, consumes: [{ service: db, condition: ${condition} }]`;
    expect(edited(needs('ready'), FAILED, needs('started'))).toEqual(['restart', 'update', 'restart']);
  });
});

it.each(EDITS)('a service that runs goes on when %s is edited', (_, fields) => {
  expect(edited(fields, READY)).toEqual(['none', 'update']);
});

it('a service that somebody stopped stays so', () => {
  expect(edited(EDITS[0][1], { state: 'idle' })).toEqual(['none', 'update']);
});

describe('a container', () => {
  const container = (fields: object): typeof before => {
    const service = before.get('api');
    if (service === undefined) throw new Error('unreachable');
    const changed = { ...service, service: { ...service.service, ...fields } };
    return new Map([...before, ['api', changed]]);
  };
  const before = resolutionOf('services:\n  api: { compose: api }\n').services;
  const impactOf = (after: typeof before, state: ServiceState, mended: readonly string[] = []) =>
    retryFailed(diffServices(before, after), () => state, mended).map(({ impact }) => impact);

  it('that failed starts again when a network or volume that it uses is another; one that runs goes on', () => {
    const other = container({ resources: '[other]' });
    expect([impactOf(other, FAILED), impactOf(other, READY)]).toEqual([['restart'], ['none']]);
  });

  it('that could not be started from broken files starts when they are mended, unless it runs by then', () => {
    expect([impactOf(before, FAILED, ['api']), impactOf(before, READY, ['api'])]).toEqual([['restart'], []]);
    expect(impactOf(container({ cleanup: 'x' }), FAILED, ['api'])).toEqual(['restart']);
  });
});

describe('what follows another', () => {
  const { services } = resolutionOf(
    'services:\n  db: { command: run }\n  api: { command: run, consumes: [db] }\n  web: { command: run, consumes: [api] }\n',
  );
  const unit = (name: string, state: ServiceState = READY, restart = true) => {
    const resolved = services.get(name);
    if (resolved === undefined) throw new Error('unreachable');
    const needs = resolved.needs.map((need) => ({ ...need, restart }));
    const goal = state.state === 'idle' ? 'down' : 'up';
    return { name, resolved: { ...resolved, needs }, state, goal } as const;
  };

  it('starts again with it, and in turn what follows that; not what only needs it, nor what was stopped or is done', () => {
    const [db, api, web] = [unit('db'), unit('api'), unit('web')];
    const all = [
      { service: 'api', of: 'db' },
      { service: 'web', of: 'api' },
    ];
    expect(findFollowers(['db'], [db, api, web])).toEqual(all);
    expect(findFollowers(['db', 'api'], [db, api, web])).toEqual(all.slice(1));
    expect(findFollowers(['db'], [db, unit('api', FAILED), web])).toEqual(all);
    expect(findFollowers(['db'], [db, unit('api', READY, false), web])).toEqual([]);
    expect(findFollowers(['db'], [db, unit('api', { state: 'idle' }), web])).toEqual([]);
    expect(findFollowers(['db'], [db, unit('api', { state: 'done', exitCode: 0 }), web])).toEqual([]);
  });

  it('does so for every restart by an edit, unless it leaves', () => {
    const actions: Action[] = [
      { type: 'restart', service: 'db' },
      { type: 'remove', service: 'web' },
    ];
    const followersOf = (names: readonly string[]) =>
      findFollowers(
        names,
        ['db', 'api', 'web'].map((name) => unit(name)),
      );
    expect(withFollowers(actions, followersOf)).toEqual([
      ...actions,
      { type: 'follow', service: 'api', of: 'db' },
    ]);
  });
});
