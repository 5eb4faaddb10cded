/** Which edits have a service start again that has failed: those that a hint under it may name. */
import { describe, expect, it } from 'vitest';

import { diffServices } from '../../../src/plan/diff.ts';
import { reconcile, retryFailed } from '../../../src/stack/reconcile.ts';
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
