/** What the contract says about the replicas of a service. Pure. */
import type { ResolvedService } from '../plan/plan.ts';
import { slotsOf } from '../plan/slots.ts';
import type { Replica, Roster, RosterRules } from './roster/roster.ts';
import type { Cause, Policy, ServiceEvent } from './service.ts';
import type { Drain } from './unit-options.ts';

/** @param canOverlap whether two instances can be there at once */
export function rulesFor(resolved: ResolvedService, canOverlap: boolean): RosterRules {
  const { service } = resolved;
  const policy = policyOf(resolved);
  if (service.kind !== 'process') return { policy, strategy: 'replace', onUnready: 'rollback', slots: 1 };
  const { strategy, onUnready } = service.transition;
  return { policy, strategy: canOverlap ? strategy : 'replace', onUnready, slots: slotsOf(service) };
}

/** How many replicas serve when all is well. */
export const sizeOf = ({ service }: ResolvedService): number =>
  service.kind === 'process' ? service.replicas : 1;

/** What the clients of the service dial, and whether a ramp stands there. */
export const stablePorts = ({ ports }: ResolvedService) =>
  ports.map(({ name, port, ramp }) => ({ name, port, ramp }));

function policyOf({ service, ports }: ResolvedService): Policy {
  // Whether a container starts again is said in the Compose file.
  if (service.kind === 'compose') return { restart: 'no', max: 0, mayEnd: ports.length === 0 };
  if (service.kind !== 'process') return { restart: 'no', max: 0, mayEnd: true };
  const { policy, max } = service.restart;
  return { restart: policy, max, mayEnd: ports.length === 0 };
}

/** Why an instance gets no more requests. */
export function drainReason(replica: Replica | undefined, goal: Roster['goal']): Drain['reason'] {
  if (replica?.life.state !== 'stopping') return 'stop';
  if (replica.life.then.kind === 'waiting') return 'replace';
  return replica.role === 'retiring' && goal === 'up' ? 'retire' : 'stop';
}

/** Finds in what befell an instance that is to take over why it is not waited for any longer. */
export function findHopeless(event: ServiceEvent): Cause | undefined {
  if (event.type === 'unwell') return { message: event.problem, hint: event.hint };
  if (event.type !== 'found' || event.found === undefined) return undefined;
  return { message: event.found.message, hint: event.found.hint };
}

/** Whether the first request starts it, and not the stack. */
export const startsOnRequest = ({ service }: ResolvedService): boolean =>
  service.kind === 'process' && service.start === 'request';
