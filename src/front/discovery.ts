/** `/.well-known/portramp.json`: a stack's own services, for its own pages. Pure. */
import type { FrontRoute, FrontStack, RouteState } from './table.ts';

export const DISCOVERY_PATH = '/.well-known/portramp.json';

export interface Discovery {
  readonly version: 1;
  /** The slug. */
  readonly stack: string;
  readonly services: readonly { readonly name: string; readonly ports: readonly DiscoveredPort[] }[];
}

interface DiscoveredPort {
  readonly name: string;
  readonly state: RouteState['state'];
  /** By the long name. */
  readonly url: string;
  readonly hosts: readonly string[];
}

/** @param urlOf the address of a host on the front */
export function describeStack(stack: FrontStack, urlOf: (host: string) => string): Discovery {
  const services = groupBy(stack.routes, ({ service }) => service);
  return {
    version: 1,
    stack: stack.slug,
    services: services.map(([name, routes]) => ({
      name,
      ports: groupBy(routes, ({ port }) => port).map(([port, ways]) => describePort(port, ways, urlOf)),
    })),
  };
}

function describePort(
  name: string,
  routes: readonly [FrontRoute, ...FrontRoute[]],
  urlOf: (host: string) => string,
): DiscoveredPort {
  const long = routes.find(({ canonical }) => canonical === undefined) ?? routes[0];
  return {
    name,
    state: long.route.state,
    url: urlOf(long.host) + (long.path === undefined || long.path === '/' ? '' : long.path),
    hosts: [...new Set(routes.map(({ host }) => host))],
  };
}

/** Groups in the order in which they come up. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, [T, ...T[]]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups];
}
