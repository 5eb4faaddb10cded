import { diffServices } from '../plan/diff.ts';
import type { Change } from '../plan/plan.ts';
import type { Blueprints } from './blueprints.ts';
import { findFollowers } from './followers.ts';
import { reconcile, retryFailed, withFollowers, type Action } from './reconcile.ts';
import type { ServiceState } from './service.ts';
import type { Supervision } from './supervision.ts';

export interface ChangeOptions {
  /** The services that shall run from now on. */
  readonly wanted: ReadonlySet<string>;
  /** As in `retryFailed`. */
  readonly mended?: readonly string[] | undefined;
  /** The service whose number is another now, where nothing else has changed: what runs of it goes on. */
  readonly moved?: string;
}

/** Draws the consequences of new values for the services of a running stack; returns what changed. */
export function changeStack(
  supervision: Supervision,
  last: Blueprints,
  next: Blueprints,
  { wanted, mended, moved }: ChangeOptions,
): readonly Change[] {
  const stateOf = (name: string): ServiceState | undefined => supervision.find(name)?.state;
  const changes = retryFailed(diffServices(last.services, next.services), stateOf, mended);
  const actions = reconcile({
    changes,
    stateOf,
    wanted: supervision.wanted,
    wantedNow: wanted,
  });
  const moves = moved === undefined ? actions : afterMove(actions, moved);
  const all = withFollowers(moves, (names) => findFollowers(names, supervision.units));
  supervision.apply(all, next, wanted);
  return changes;
}

/** Who was told the old number has nothing of the new one before the service is ready with it. */
const afterMove = (actions: readonly Action[], moved: string): Action[] => [
  // The values of one of its instances may be all that is new.
  { type: 'update', service: moved },
  ...actions
    .filter(({ type, service }) => type !== 'restart' || service !== moved)
    .map((action): Action =>
      action.type === 'restart' ? { ...action, type: 'restart-after', provider: moved } : action,
    ),
];
