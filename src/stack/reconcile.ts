/** What an edit of the contract means for the services of a running stack. Pure. */
import type { Change } from '../plan/plan.ts';
import type { Follower } from './followers.ts';
import type { ServiceState } from './service.ts';

export interface ReconcileInput {
  readonly changes: readonly Change[];
  readonly stateOf: (service: string) => ServiceState | undefined;
  /** What was wanted before the edit, and what is wanted now: the selection and what it needs. */
  readonly wanted: ReadonlySet<string>;
  readonly wantedNow: ReadonlySet<string>;
}

export type Action =
  /** Stop it; when it is gone, forget it. */
  | { readonly type: 'remove'; readonly service: string }
  | { readonly type: 'add'; readonly service: string }
  /** Take over the new values; what runs goes on. */
  | { readonly type: 'update'; readonly service: string }
  | { readonly type: 'restart'; readonly service: string }
  /** Restart it when the provider, whose number is another now, is ready with it. */
  | { readonly type: 'restart-after'; readonly service: string; readonly provider: string }
  /** Start it again because another one does. */
  | ({ readonly type: 'follow' } & Follower)
  | { readonly type: 'start'; readonly service: string };

/**
 * Has services that failed start again for edits of what may have made them fail, although what runs would go on: a hint
 * under a failed service names such a field. The same changes when there are none of these.
 * @param mended Services that could not be started from the files as they were meanwhile, and can be from those of now.
 */
export function retryFailed(
  changes: readonly Change[],
  stateOf: ReconcileInput['stateOf'],
  mended: readonly string[] = [],
): readonly Change[] {
  const known = new Set(changes.map(({ service }) => service));
  const files = mended
    .filter((service) => !known.has(service) && stateOf(service)?.state === 'failed')
    .map((service): Change => ({ service, kind: 'changed', fields: ['files'], impact: 'restart' }));
  const hasFailed = ({ service, kind }: Change): boolean =>
    kind === 'changed' && stateOf(service)?.state === 'failed';
  const retried = changes.map((change): Change => {
    const isMended = mended.includes(change.service) || change.fields.some(mayMend);
    return hasFailed(change) && isMended ? { ...change, impact: 'restart' } : change;
  });
  return [...retried, ...files];
}

/** What decides whether a service starts and gets ready. The rest is for its clients, or for what runs well. */
const MENDING: readonly string[] = ['ready', 'restart', 'run', 'inputs', 'transition', 'needs', 'resources'];
const MENDING_OF_PORT = /^ports\.[^.]+\.(?:implicit|static|follow|listener)$/;

const mayMend = (field: string): boolean => MENDING.includes(field) || MENDING_OF_PORT.test(field);

/** Removals first, so that nothing that is gone holds up what is new. Without changes there are no actions. */
export function reconcile({ changes, stateOf, wanted, wantedNow }: ReconcileInput): Action[] {
  const removed = changes.filter((change) => change.kind === 'removed');
  const added = changes.filter((change) => change.kind === 'added');
  const changed = changes.filter((change) => change.kind === 'changed');
  const isWantedAnew = (name: string): boolean => wantedNow.has(name) && !wanted.has(name);
  const isAdded = new Set(added.map((change) => change.service));
  // What was external was never started: as a process it is new.
  const isOther = new Set(
    changed.filter(({ fields }) => fields.includes('kind')).map(({ service }) => service),
  );
  return [
    ...removed.map(({ service }): Action => ({ type: 'remove', service })),
    ...added.map(({ service }): Action => ({ type: 'add', service })),
    ...changed.map(({ service }): Action => ({ type: 'update', service })),
    ...changed
      .filter(({ service, impact }) => impact === 'restart' && isAwake(stateOf(service)))
      .map(({ service }): Action => ({ type: 'restart', service })),
    ...[...wantedNow]
      .filter(
        (name) => isAdded.has(name) || ((isOther.has(name) || isWantedAnew(name)) && !isAwake(stateOf(name))),
      )
      .map((service): Action => ({ type: 'start', service })),
  ];
}

/** Services whose processes are to have other values: now, or later. */
export const restartedBy = (actions: readonly Action[]): ReadonlySet<string> =>
  new Set(
    actions
      .filter(({ type }) => type === 'restart' || type === 'restart-after')
      .map(({ service }) => service),
  );

/** Adds those services that start again because others do. @param followersOf Finds them. */
export function withFollowers(
  actions: readonly Action[],
  followersOf: (services: readonly string[]) => readonly Follower[],
): Action[] {
  const restarted = actions.flatMap(({ type, service }) => (type === 'restart' ? [service] : []));
  const leaving = new Set(actions.flatMap(({ type, service }) => (type === 'remove' ? [service] : [])));
  const followers = followersOf(restarted).filter(({ service }) => !leaving.has(service));
  return [...actions, ...followers.map((follower): Action => ({ type: 'follow', ...follower }))];
}

/** A service that nobody started, or that somebody stopped, is not started by an edit. */
const isAwake = (state: ServiceState | undefined): boolean => state !== undefined && state.state !== 'idle';
