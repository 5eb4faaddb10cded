/**
 * Which host leads where: compiled from every stack's routes, immutable, replaced whole. Pure.
 */
import type { Target } from '../proxy/engine/engine.ts';

/** Why a service is not up. */
export interface RouteFailure {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** The last lines it printed. */
  readonly log: readonly string[];
}

export type RouteState =
  | { readonly state: 'live'; readonly targets: readonly Target[] }
  /** `wake`: somebody has to ask for it first. */
  | { readonly state: 'warming'; readonly wake?: boolean | undefined }
  | { readonly state: 'failed'; readonly failure: RouteFailure }
  | { readonly state: 'stopped' };

export interface FrontRoute {
  /** Lower case, without a trailing dot. */
  readonly host: string;
  readonly service: string;
  readonly port: string;
  /** On a short name: the long one that navigations are sent to. */
  readonly canonical?: string | undefined;
  /** The Host header to send instead of the client's. */
  readonly hostHeader?: string | undefined;
  readonly route: RouteState;
}

/** The routes of one stack. */
export interface FrontStack {
  readonly slug: string;
  /** Identity of the stack; the slug is its name. */
  readonly key: string;
  /** For people: "shop (feature/auth)". */
  readonly label: string;
  readonly routes: readonly FrontRoute[];
}

/** Where a host leads. */
export interface Match {
  readonly stack: FrontStack;
  readonly route: FrontRoute;
}

export interface RouteTable {
  /** @param host as `normaliseHost` returns it */
  find(host: string): Match | undefined;
  readonly hosts: readonly string[];
}

/** Of two routes with one host, the first counts. */
export function compileTable(stacks: readonly FrontStack[]): RouteTable {
  const exact = new Map<string, Match>();
  for (const stack of stacks) {
    for (const route of stack.routes) {
      if (!exact.has(route.host)) exact.set(route.host, { stack, route });
    }
  }
  return { find: (host) => exact.get(host), hosts: [...exact.keys()] };
}

const HOST = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::\d{0,5})?$/;

/**
 * The host of a Host header in the one form that is compared: lower case, without port and trailing dot. An IPv6
 * address keeps its brackets. Undefined for what is no host (RFC 9110 §7.2).
 */
export function normaliseHost(header: string): string | undefined {
  if (header.length > 260) return undefined;
  return HOST.exec(header.toLowerCase())?.[1];
}
