import type { LogStore } from './logs/store.ts';
import type { ServiceView } from './snapshot.ts';
import type { Unit } from './unit.ts';
import type { Brakes } from './watch/brakes.ts';
import { describeHeld } from './watch/held.ts';

/** Lines of a service that are shown where it is explained why it does not answer. */
export const FAILURE_LINES = 20;

/** What is published of a unit. */
export function viewUnit(unit: Unit, logs?: LogStore, brakes?: Pick<Brakes, 'heldOf'>): ServiceView {
  const { name, resolved, state, restarts, waitingFor, armed, targets, instance, instances, revision } = unit;
  const isBad =
    ['failed', 'backoff', 'unwell'].includes(state.state) ||
    (state.state === 'warming' && state.found !== undefined);
  // Where there is one process after the other, what an earlier one printed is not why this one is as it is.
  const launch = instances.length > 1 ? undefined : unit.generation;
  const log = isBad ? (logs?.tail(name, FAILURE_LINES, launch) ?? []) : [];
  const held = describeHeld(resolved, brakes?.heldOf(name) ?? []);
  return { resolved, held, state, restarts, waitingFor, log, armed, targets, instance, instances, revision };
}
