/** Finds the service of a running stack that listens on a port, by the evidence that verification goes by. */
import { askSystem } from '../ports/evidence.ts';
import { findBond, type Evidence } from '../ports/owner.ts';
import type { DaemonResult, PortHolder } from '../protocol/messages.ts';
import { mayListen, statusOf } from '../protocol/status.ts';
import { processesOf } from './instances.ts';
import type { Session } from './sessions.ts';

export type ListenerOwner = NonNullable<DaemonResult<'holder'>['owner']>;

/**
 * Finds the service that one of the holders of a port belongs to, on whatever number it listens. Ramps are the
 * runner's, and containers the engine's: there the number alone tells, of a service that is up.
 *
 * @param slugOf the name of a stack
 * @param evidence what is known of processes; unless given, the system is asked
 */
export function findListenerOwner(
  number: number,
  holders: readonly PortHolder[],
  sessions: readonly Session[],
  slugOf: (session: Session) => string,
  evidence: Evidence = askSystem(),
): ListenerOwner | undefined {
  const pids = holders.flatMap(({ pid }) => pid ?? []);
  for (const session of sessions) {
    const service = session.snapshot.services.find(
      (one) =>
        one.kind !== 'external' &&
        (isOnNumber(one, number, pids.includes(session.pid)) ||
          pids.some((pid) => belongsTo(one, pid, evidence))),
    );
    if (service === undefined) continue;
    const { root, environment } = session.key;
    return { stack: slugOf(session), root, environment, service: service.name, status: statusOf(service) };
  }
  return undefined;
}

type Published = Session['snapshot']['services'][number];

const isOnNumber = (service: Published, number: number, isRunners: boolean): boolean =>
  (isRunners || (service.kind === 'compose' && mayListen(service))) &&
  service.ports.some(({ port }) => port === number);

const belongsTo = (service: Published, pid: number, evidence: Evidence): boolean =>
  processesOf(service).some(({ pid: leader, mark }) => {
    if (leader === undefined || mark === undefined) return false;
    const bond = findBond(pid, { pid: leader, ...mark }, evidence);
    return bond !== undefined && bond !== 'gone';
  });
