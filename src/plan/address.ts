/** Where a port is, once its number is known. Pure. */
import type { AppProtocol, Service } from '../contract/contract.ts';
import type { PlannedPort, ResolvedPort, ResolvedService } from './plan.ts';

/** What can be asked of a port: `${api.publicUrl}`. */
export const ATTRIBUTES = [
  'host',
  'port',
  'url',
  'wsUrl',
  'publicUrl',
  'publicWsUrl',
  'publicHost',
  'publicHostname',
  'hosts',
] as const;

export type Attribute = (typeof ATTRIBUTES)[number];

export const isAttribute = (text: string): text is Attribute =>
  (ATTRIBUTES as readonly string[]).includes(text);

/** The front's port, absent while it does not listen. */
export interface FrontPort {
  readonly http?: number | undefined;
}

const LOOPBACK = '127.0.0.1';

/** `number` is the lease, `target` that of an instance behind a ramp; an external port has its own. */
export function resolvePort(
  service: Service,
  port: PlannedPort,
  number: number,
  front: FrontPort,
  target = number,
): ResolvedPort {
  const host = service.kind === 'external' ? service.target.host : LOOPBACK;
  const publicHost = publicHostOf(port, front);
  return {
    ...port,
    port: number,
    targetPort: target,
    host,
    url: urlOf(port.appProtocol, host, number),
    ...(publicHost === undefined ? {} : { publicUrl: `http://${publicHost}${pathOf(port)}` }),
  };
}

export function urlOf(protocol: AppProtocol, host: string, number: number): string {
  const authority = withPort(host.includes(':') ? `[${host}]` : host, number, protocol);
  return `${schemeOf(protocol)}://${authority}`;
}

const grantedHosts = ({ hosts, shortHosts, extraHosts, refusedHosts = [] }: ResolvedPort): string[] =>
  [...hosts, ...shortHosts, ...extraHosts].filter((host) => !refusedHosts.includes(host));

/** Names of other domains under which the service is reached. */
export const domainsOf = ({ ports }: Pick<ResolvedService, 'ports'>): string[] => [
  ...new Set(ports.flatMap(grantedHosts).filter((host) => !host.endsWith('.localhost'))),
];

/** Where a browser finds the service below its host. */
const pathOf = ({ paths: [path = '/'] }: PlannedPort): string => (path === '/' ? '' : path);

/** The number that the instance itself is told to listen on. */
export const toldPort = (port: ResolvedPort): number => port.leased ?? port.targetPort;

/** The attribute's value, or undefined where the port has none (a WebSocket URL of a tcp port). */
export function attributeOf(port: ResolvedPort, attribute: Attribute): string | undefined {
  // Without a front the direct address is the one that works.
  const publicUrl = port.hosts.length > 0 ? (port.publicUrl ?? port.url) : undefined;
  switch (attribute) {
    case 'host':
      return port.host;
    case 'port':
      return String(port.port);
    case 'url':
      return port.url;
    case 'wsUrl':
      return webSocketUrl(port.url);
    case 'publicUrl':
      return publicUrl;
    case 'publicWsUrl':
      return publicUrl === undefined ? undefined : webSocketUrl(publicUrl);
    case 'publicHost':
      return publicUrl === undefined ? undefined : new URL(publicUrl).host;
    case 'publicHostname':
      return port.hosts[0];
    case 'hosts':
      return port.hosts.length > 0 ? grantedHosts(port).join(',') : undefined;
    default:
      return attribute satisfies never;
  }
}

/** `http` → `ws`, `https` → `wss` (RFC 6455 §3); undefined for other schemes. */
export const webSocketUrl = (url: string): string | undefined =>
  /^https?:/i.test(url) ? url.replace(/^http/i, 'ws') : undefined;

function schemeOf(protocol: AppProtocol): 'http' | 'https' | 'tcp' {
  return protocol === 'https' || protocol === 'tcp' ? protocol : 'http';
}

function withPort(host: string, port: number, protocol: AppProtocol): string {
  const usual = protocol === 'https' ? 443 : protocol === 'tcp' ? undefined : 80;
  return port === usual ? host : `${host}:${port}`;
}

function publicHostOf(port: PlannedPort, front: FrontPort): string | undefined {
  const [host] = port.hosts;
  return host === undefined || front.http === undefined ? undefined : withPort(host, front.http, 'http');
}
