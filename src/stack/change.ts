import { diffServices } from '../plan/diff.ts';
import type { Change } from '../plan/plan.ts';
import { reconcile, retryFailed, type Action } from './reconcile.ts';
import type { ServiceState } from './service.ts';
import type { Blueprints, Supervision } from './supervision.ts';

export interface ChangeOptions {
  /** The services that shall run from now on. */
  readonly wanted: ReadonlySet<string>;
  /** One that knows the change already and needs no restart. */
  readonly spared?: string;
  /** Told of those that go on with their old values although they would have to start again. */
  readonly onSpared?: (services: readonly string[]) => void;
}

/** Draws the consequences of new values for the services of a running stack; returns what changed. */
export function changeStack(
  supervision: Supervision,
  last: Blueprints,
  next: Blueprints,
  { wanted, spared, onSpared }: ChangeOptions,
): readonly Change[] {
  const stateOf = (name: string): ServiceState | undefined => supervision.find(name)?.state;
  const changes = retryFailed(diffServices(last.services, next.services), stateOf);
  const actions = reconcile({
    changes,
    stateOf,
    wanted: supervision.wanted,
    wantedNow: wanted,
  });
  // The values of one of its instances may be all that is new.
  const update: Action[] = spared === undefined ? [] : [{ type: 'update', service: spared }];
  const isSpared = ({ type, service }: Action): boolean =>
    type === 'restart' && (service === spared || onSpared !== undefined);
  const others = actions.filter((action) => !isSpared(action));
  const old = actions.filter((action) => isSpared(action) && action.service !== spared);
  if (old.length > 0) onSpared?.(old.map(({ service }) => service));
  supervision.apply([...update, ...others], next, wanted);
  return changes;
}
