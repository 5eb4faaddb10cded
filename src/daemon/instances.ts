/** The instances that the runners of this machine tell of, and the ports that are theirs. */
import type { LedgerKey } from '../ports/ledger.ts';
import type { Claim } from '../ports/findings.ts';
import type { PublishedService } from '../protocol/messages.ts';
import type { Session } from './sessions.ts';

/** A process with ports that may be listened on now. */
export interface Instance {
  readonly session: Session;
  readonly service: string;
  readonly marker: string;
  readonly ready: boolean;
  readonly claim: Claim;
  /** Names of ports that are followed. */
  readonly followed: ReadonlySet<string>;
}

export function instancesOf(
  session: Session,
  labelOf: (key: LedgerKey, service: string) => string,
): Instance[] {
  return session.snapshot.services.flatMap((service) =>
    processesOf(service).flatMap(({ state, pid, mark, ports }): Instance[] => {
      const own = ports.filter(({ listener }) => listener !== 'external');
      if (pid === undefined || mark === undefined || own.length === 0) return [];
      if (state !== 'warming' && state !== 'ready' && state !== 'unwell') return [];
      const { marker, startTime } = mark;
      const claim: Claim = {
        instance: { pid, startTime, marker },
        label: labelOf(session.key, service.name),
        ports: own.map((port) => ({ name: port.name, number: port.targetPort, given: port.given })),
      };
      const followed = new Set(own.filter(({ follow }) => follow === true).map((port) => port.name));
      return [{ session, service: service.name, marker, ready: state !== 'warming', claim, followed }];
    }),
  );
}

/** A service is one process, or one for each of its replicas: those have ports of their own. */
export function processesOf({ state, pid, instance, instances, ports }: PublishedService) {
  if (instances === undefined) return [{ state, pid, mark: instance, ports }];
  return instances.map((one) => ({
    ...one,
    ports: ports.map((port) => ({ ...port, targetPort: one.ports[port.name] ?? port.targetPort })),
  }));
}

/** Forgets what is known of instances that are gone. */
export function keepKnown(instances: readonly Instance[], ...maps: readonly Map<string, unknown>[]): void {
  const markers = new Set(instances.map(({ marker }) => marker));
  for (const map of maps) {
    for (const marker of map.keys()) if (!markers.has(marker)) map.delete(marker);
  }
}
