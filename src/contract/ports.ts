import type { AppProtocol, Port } from './contract.ts';
import { parseExternal, type ExternalTarget } from './external.ts';
import type { PortFields } from './schema-port.ts';
import type { ServiceFields } from './schema-service.ts';

/** The port of a service that declares none. */
const IMPLICIT = 'http';

/** Protocols whose URL starts with `http`. */
export const isHttpLike = (protocol: AppProtocol): boolean => protocol !== 'tcp';

/**
 * Protocols that the front routes by host name. It speaks HTTP/1.1 (and WebSocket), which a server that only
 * knows HTTP/2 (`h2c`, `grpc`) does not.
 */
export const isRoutable = (protocol: AppProtocol): boolean => protocol === 'http' || protocol === 'https';

/** The ports of a service in one form, in the order of the file. */
export function portsOf(name: string, fields: ServiceFields): Port[] {
  if (fields.ports === false || fields.kind === 'task') return [];
  const target = fields.external === undefined ? undefined : parseExternal(fields.external);
  const declared = declaredPorts(fields, target);
  const primary = primaryOf(declared);
  const routable = declared
    .filter(([, port]) => port.visibility !== 'private' && isRoutable(protocolOf(port, target)))
    .map(([port]) => port);
  const first = primary !== undefined && routable.includes(primary) ? primary : routable[0];
  return declared.map(([portName, port]) => ({
    name: portName,
    appProtocol: protocolOf(port, target),
    // The first routable port is the service itself, a further one is found under its own name.
    ...(hasHosts(port, target)
      ? namesOf(port, portName === first ? name : `${portName}.${name}`)
      : { hosts: [], extraHosts: [] }),
    paths: pathsOf(port),
    rewrite: port.rewrite === undefined ? undefined : withoutSlash(port.rewrite),
    primary: portName === primary,
    implicit: fields.ports === undefined,
    container: port.container,
    static: port.static,
    visibility: port.visibility ?? 'public',
    follow: port.follow,
    listener: port.listener ?? 'own',
    ramp: fields.external === undefined && (port.ramp === true || needsRamp(fields)),
    renamedFrom: port.renamedFrom,
  }));
}

/** Where instances come and go while the port stays, or are not there yet. */
function needsRamp({ ramp, transition, replicas = 1, start }: ServiceFields): boolean {
  const strategy = transition?.strategy ?? 'replace';
  return ramp === true || strategy !== 'replace' || replicas > 1 || start === 'request';
}

function declaredPorts(fields: ServiceFields, target: ExternalTarget | undefined): [string, PortFields][] {
  // What the Compose project publishes is added when that is known.
  if (fields.compose !== undefined && fields.ports === undefined) return [];
  if (fields.ports === undefined || fields.ports === false) {
    return [[target?.protocol === 'tcp' ? 'tcp' : IMPLICIT, {}]];
  }
  return Object.entries(fields.ports).map(([name, port]) => [name, port ?? {}]);
}

/** The first port is `http`, else the only one, else the one that says so. */
export function primaryOf(ports: readonly (readonly [string, PortFields])[]): string | undefined {
  const http = ports.find(([name]) => name === IMPLICIT);
  const only = ports.length === 1 ? ports[0] : undefined;
  return (http ?? only ?? ports.find(([, port]) => port.primary === true))?.[0];
}

export const protocolOf = (port: PortFields, target?: ExternalTarget): AppProtocol =>
  port.appProtocol ?? target?.protocol ?? 'http';

const hasHosts = (port: PortFields, target: ExternalTarget | undefined): boolean =>
  port.host !== false && port.visibility !== 'private' && isRoutable(protocolOf(port, target));

/** Wildcards and other domains come on top: a service always has a name of its own in its stack. */
function namesOf({ host }: PortFields, usual: string): Pick<Port, 'hosts' | 'extraHosts'> {
  const written = [...new Set(host === undefined || host === false ? [] : [host].flat())];
  const labels = written.filter((each) => !each.includes('.'));
  return {
    hosts: labels.length === 0 ? [usual] : labels,
    extraHosts: written.filter((each) => each.includes('.')),
  };
}

function pathsOf({ path = '/' }: PortFields): string[] {
  return [...new Set((typeof path === 'string' ? [path] : path).map(withoutSlash))];
}

const withoutSlash = (path: string): string => path.replace(/(?<=.)\/$/, '');
