/** Finds the meaning of a host to which no route leads: a port that speaks no HTTP/1, or a service without a port. Pure. */

export interface NamedPort {
  readonly name: string;
  readonly appProtocol: string;
  /** Number of the port on this machine. */
  readonly port: number;
  readonly hosts: readonly string[];
}

export interface NamedService {
  readonly name: string;
  /** `process` or `compose`: what else there is runs elsewhere, or answers nothing. */
  readonly kind: string;
  readonly ports: readonly NamedPort[];
}

/** A service, and which port of it the host means; no port where the service has none. */
export interface Unrouted {
  readonly service: string;
  readonly port?: NamedPort;
}

const RUN: readonly string[] = ['process', 'compose'];
const SUFFIX = '.localhost';

/**
 * Finds what a host without a route means in a stack: SERVICE or PORT.SERVICE, below the stack's own name or directly
 * below `localhost`. A port that has a host is none: that host was meant, and is suggested where names are compared.
 * @param host in lower case
 */
export function findUnrouted(
  host: string,
  slug: string,
  services: readonly NamedService[],
): Unrouted | undefined {
  if (!host.endsWith(SUFFIX)) return undefined;
  const labels = host.slice(0, -SUFFIX.length).split('.');
  const own = labels.length > 1 && labels.at(-1) === slug ? labels.slice(0, -1) : labels;
  const [service, port, ...rest] = own.toReversed();
  const named = services.find(({ name, kind }) => RUN.includes(kind) && name.toLowerCase() === service);
  if (named === undefined || rest.length > 0) return undefined;
  const meant = port === undefined ? named.ports[0] : named.ports.find(({ name }) => name === port);
  if (meant === undefined) return port === undefined ? { service: named.name } : undefined;
  return meant.hosts.length > 0 ? undefined : { service: named.name, port: meant };
}

/** Says why no route leads there, and where the port is found; completes "api of shop …". */
export function describeUnrouted({ port }: Unrouted): string {
  if (port === undefined) return 'has no port';
  const { name, appProtocol, port: number } = port;
  const where = `it is dialled at 127.0.0.1:${number}`;
  return /^https?$/.test(appProtocol)
    ? `has no host for its port ${name}: ${where}`
    : `speaks ${appProtocol} on its port ${name}, and hosts are for HTTP/1 and WebSockets: ${where}`;
}

/** The command that prints the port's address. */
export const askForUrl = ({ service, port }: Unrouted): string | undefined =>
  port && `portramp url ${service} --port ${port.name}`;
