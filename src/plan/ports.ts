import type { Service } from '../contract/contract.ts';
import { extraHost, longHost, shortHost } from './names.ts';
import { DEFAULT_ENVIRONMENT } from '../contract/contract.ts';
import type { PlannedPort, StackIdentity } from './plan.ts';

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
    follow: port.follow,
    listener: port.listener,
    ramp: port.ramp,
    hosts: hosts.map((label) => longHost(label, stack.slug)),
    shortHosts: wantsShort ? hosts.filter((label) => !label.includes('.')).map(shortHost) : [],
    extraHosts: extraHosts.map((host) => extraHost(host, stack.slug)),
    paths: port.paths,
    rewrite: port.rewrite,
  }));
}
