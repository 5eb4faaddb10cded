import type { Service } from '../contract/contract.ts';
import { extraHost, longHost, shortHost } from './names.ts';
import { DEFAULT_ENVIRONMENT } from '../contract/contract.ts';
import type { Follow, PlannedPort, StackIdentity } from './plan.ts';
import { slotsOf } from './slots.ts';

/**
 * The ports of a service with their host names in this stack. Short names are for the main checkout in the
 * default environment, and for labels that are one word: `grpc.api.localhost` would read as the service `grpc`
 * of a workspace `api`.
 */
export function planPorts(service: Service, stack: StackIdentity): PlannedPort[] {
  const wantsShort = stack.main && stack.environment === DEFAULT_ENVIRONMENT;
  return service.ports.map(({ hosts, extraHosts, ...port }) => ({
    name: port.name,
    appProtocol: port.appProtocol,
    implicit: port.implicit,
    primary: port.primary,
    container: port.container,
    static: port.static,
    visibility: port.visibility,
    follow: followOf(service, port),
    listener: port.listener,
    ramp: port.ramp,
    hosts: hosts.map((label) => longHost(label, stack.slug)),
    shortHosts: wantsShort ? hosts.filter((label) => !label.includes('.')).map(shortHost) : [],
    extraHosts: extraHosts.map((host) => extraHost(host, stack.slug)),
    paths: port.paths,
    rewrite: port.rewrite,
  }));
}

/** A number that people know stays, and several instances cannot all be where one of them always is. */
function followOf(
  service: Service,
  port: Pick<Service['ports'][number], 'follow' | 'listener' | 'static'>,
): Follow {
  if (port.follow !== undefined) return port.follow ? 'asked' : 'never';
  if (service.kind !== 'process' || port.listener === 'external') return 'never';
  return port.static === undefined && slotsOf(service) === 1 ? 'usual' : 'never';
}
