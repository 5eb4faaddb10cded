import type { Containers } from './compose/containers.ts';
import { withoutClosing } from './logs/closing.ts';
import type { LogStore } from './logs/store.ts';
import type { ServiceState } from './service.ts';
import type { ServiceView } from './snapshot.ts';
import type { Unit } from './unit.ts';
import type { Brakes } from './watch/brakes.ts';
import { describeHeld } from './watch/held.ts';

/** Lines of a service that are shown where it is explained why it does not answer. */
export const FAILURE_LINES = 20;

/** Lines that are read for that: each of three package managers that run one another closes with some of its own. */
const READ = 3 * FAILURE_LINES;

/** What a view is made from besides the unit. */
export interface ViewParts {
  readonly logs: LogStore;
  readonly brakes: Pick<Brakes, 'heldOf'>;
  readonly containers: Pick<Containers, 'explains'>;
}

/** What is published of a unit. */
export function viewUnit(unit: Unit, { logs, brakes, containers }: Partial<ViewParts> = {}): ServiceView {
  const { name, resolved, state, restarts, waitingFor, armed, targets, instance, revision } = unit;
  const tail = (launch: number | undefined): readonly string[] =>
    withoutClosing(logs?.tail(name, READ, launch) ?? []).slice(-FAILURE_LINES);
  // What the only one printed is told with the service.
  const isAlone = unit.instances.length < 2;
  const instances = unit.instances.map((one) =>
    !isAlone && one.launch !== undefined && isBad(one.life) ? { ...one, log: tail(one.launch) } : one,
  );
  // Where there is one process after the other, what an earlier one printed is not why this one is as it is.
  const launch = isAlone ? unit.generation : undefined;
  // What it printed has nothing to do with an engine that does not answer, or with what somebody did to its container.
  const isExplained = state.state === 'unwell' && containers?.explains(resolved) === true;
  const log = isBad(state) && !isExplained ? tail(launch) : [];
  const held = describeHeld(resolved, brakes?.heldOf(name) ?? []);
  return { resolved, held, state, restarts, waitingFor, log, armed, targets, instance, instances, revision };
}

const isBad = (life: ServiceState): boolean =>
  ['failed', 'backoff', 'unwell'].includes(life.state) ||
  (life.state === 'warming' && life.found !== undefined);
