import type { LogStore } from './logs/store.ts';
import type { ServiceView } from './snapshot.ts';
import type { Unit } from './unit.ts';

/** Lines of a service that are shown where it is explained why it does not answer. */
export const FAILURE_LINES = 20;

/** What is published of a unit. */
export function viewUnit(unit: Unit, logs: LogStore | undefined): ServiceView {
  const { name, resolved, state, restarts, waitingFor, armed, targets, instance, instances, revision } = unit;
  const isBad =
    ['failed', 'backoff', 'unwell'].includes(state.state) ||
    (state.state === 'warming' && state.found !== undefined);
  const log = isBad ? (logs?.tail(name, FAILURE_LINES) ?? []) : [];
  return { resolved, state, restarts, waitingFor, log, armed, targets, instance, instances, revision };
}
