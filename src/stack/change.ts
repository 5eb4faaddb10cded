import { diffServices } from '../plan/diff.ts';
import type { Change } from '../plan/plan.ts';
import { reconcile, type Action } from './reconcile.ts';
import type { Blueprints, Supervision } from './supervision.ts';

export interface ChangeOptions {
  /** The services that shall run from now on. */
  readonly wanted: ReadonlySet<string>;
  /** One that knows the change already and needs no restart. */
  readonly spared?: string;
}

/** Draws the consequences of new values for the services of a running stack; returns what changed. */
export function changeStack(
  supervision: Supervision,
  last: Blueprints,
  next: Blueprints,
  { wanted, spared }: ChangeOptions,
): Change[] {
  const changes = diffServices(last.services, next.services);
  const actions = reconcile({
    changes,
    stateOf: (name) => supervision.find(name)?.state,
    wanted: supervision.wanted,
    wantedNow: wanted,
  });
  // The values of one of its instances may be all that is new.
  const update: Action[] = spared === undefined ? [] : [{ type: 'update', service: spared }];
  const others = actions.filter(({ type, service }) => type !== 'restart' || service !== spared);
  supervision.apply([...update, ...others], next, wanted);
  return changes;
}
