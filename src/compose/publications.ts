/** What a project publishes on the host, as the things that numbers are leased for. Pure. */
import type { ComposePort, ComposeProject, ComposeService, Protocol } from './model.ts';

/** One container port that the host can reach. It needs one number for each replica, in a row. */
export interface Publication {
  readonly service: string;
  /** Unique in the service and the same at every call: `5432/tcp`, or `80/tcp@8081` for a further one. */
  readonly name: string;
  /** The name of the publication whose number it has: its own, or that of the same port on TCP. */
  readonly lease: string;
  readonly target: number;
  readonly protocol: Protocol;
  /** How many numbers in a row: replicas share a range, and the engine gives one to each. */
  readonly span: number;
  /** What the project publishes it on by itself, and on which addresses; absent where the engine chooses. */
  readonly published?: string | undefined;
  readonly hostIps: readonly string[];
  /** The entry that it was made from: further fields are kept. */
  readonly entry: ComposePort;
}

/** A service whose ports no override can move. */
export interface Unmovable {
  readonly service: string;
  readonly networkMode: string;
}

/** A service in the network of another has no ports of its own, and one in the host's has all of the host's. */
export const canPublish = (service: ComposeService): boolean =>
  service.networkMode === undefined || !/^(host|none|service:|container:)/.test(service.networkMode);

export function publicationsOf(project: ComposeProject): Publication[] {
  return [...project.services.values()].filter(canPublish).flatMap(publicationsOfService);
}

/** Services on the host's network: their ports are the same in every stack. */
export function unmovableServices(project: ComposeProject): Unmovable[] {
  return [...project.services.values()].flatMap(({ name, networkMode, ports }) =>
    networkMode !== undefined && (networkMode === 'host' || ports.length > 0) && !/^bridge$/.test(networkMode)
      ? [{ service: name, networkMode }]
      : [],
  );
}

function publicationsOfService({ name, ports, replicas }: ComposeService): Publication[] {
  const publications = new Map<string, Publication>();
  const seen = new Set<string>();
  for (const entry of ports) {
    const { target, protocol } = entry;
    const published = entry.published === '0' ? undefined : entry.published;
    // One port on several addresses of the host is one port: all of them become loopback.
    const key = `${target}/${protocol}@${published ?? ''}`;
    const known = publications.get(key);
    const hostIps = [...(known?.hostIps ?? []), ...(entry.hostIp === undefined ? [] : [entry.hostIp])];
    if (known !== undefined) {
      publications.set(key, { ...known, hostIps });
      continue;
    }
    const plain = `${target}/${protocol}`;
    const own = seen.has(plain) ? key : plain;
    publications.set(key, {
      service: name,
      name: own,
      lease: own,
      target,
      protocol,
      span: Math.max(1, replicas),
      published,
      hostIps,
      entry,
    });
    seen.add(plain);
  }
  return [...publications.values()].map((each) => {
    // A server of both, such as one for names, is asked on one number.
    const twin = publications.get(`${each.target}/tcp@${each.published ?? ''}`);
    return twin === undefined ? each : { ...each, lease: twin.name };
  });
}
