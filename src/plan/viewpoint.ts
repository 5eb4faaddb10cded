/** Where a port is depends on who asks: a container has a network of its own. Pure. */
import type { Service } from '../contract/contract.ts';
import { urlOf } from './address.ts';
import type { ResolvedPort } from './plan.ts';

/** `host`: a process of this machine, or a browser. */
export type Viewpoint = 'host' | 'container';

/** The name under which a container finds the machine that it runs on; portramp makes it known in each that needs it. */
export const HOST_GATEWAY = 'host.docker.internal';

const BRIDGE = '/bridge';

/** The lease of the number on which containers reach a port of a process. No port of a contract is called so. */
export const bridgePort = (port: string): string => `${port}${BRIDGE}`;

export const isBridgePort = (port: string): boolean => port.endsWith(BRIDGE);

export const viewpointOf = (service: Service | undefined): Viewpoint =>
  service?.kind === 'compose' ? 'container' : 'host';

/**
 * The port as it is dialled from there. Containers of one project find each other by name and on the ports inside; a
 * process is reached at the gateway, on a number of its own that only containers can dial (`bridge`).
 */
export function seenFrom(
  viewpoint: Viewpoint,
  provider: Service,
  port: ResolvedPort,
  bridge: number | undefined,
): ResolvedPort {
  if (viewpoint === 'host') return port;
  switch (provider.kind) {
    case 'compose':
      return at(port, provider.compose, port.container ?? port.port);
    case 'process':
      return at(port, HOST_GATEWAY, bridge ?? port.port);
    case 'external':
      return isLoopback(port.host) ? at(port, HOST_GATEWAY, port.port) : port;
    case 'task':
      return port;
  }
}

const at = (port: ResolvedPort, host: string, number: number): ResolvedPort => ({
  ...port,
  host,
  port: number,
  url: urlOf(port.appProtocol, host, number),
});

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');
