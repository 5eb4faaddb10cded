/**
 * Which host leads where: compiled from every stack's routes, immutable, replaced whole. Pure.
 */
import { findUnrouted, type NamedService, type Unrouted } from '../lib/unrouted.ts';
import type { Target } from '../proxy/engine/engine.ts';
import { compileLookup, type Entry } from './lookup.ts';

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
  /**
   * `wake`: somebody has to ask for it first. `failure`: why nothing answers although it runs. `probed`: a probe has said
   * that it is ready, and its port may be about to listen.
   */
  | {
      readonly state: 'warming';
      readonly wake?: boolean | undefined;
      readonly failure?: RouteFailure | undefined;
      readonly probed?: boolean | undefined;
    }
  | { readonly state: 'failed'; readonly failure: RouteFailure }
  | { readonly state: 'stopped' };

export interface FrontRoute {
  /** Lower case, without a trailing dot; `*.` in front stands for one label or more. */
  readonly host: string;
  /** Only requests for this and what lies below it. Default: `/`. */
  readonly path?: string | undefined;
  /** What the target gets in place of `path`. */
  readonly rewrite?: string | undefined;
  readonly service: string;
  readonly port: string;
  /** On a short name: the long one that navigations are sent to. */
  readonly canonical?: string | undefined;
  /** The Host header to send instead of the client's. */
  readonly hostHeader?: string | undefined;
  /** Whose pages may use it besides those of the same stack: origins, or `any`. */
  readonly browser?: 'any' | readonly string[] | undefined;
  /** Whose pages may send the browser here with a form, and do nothing else: origins, `null` for those that hide theirs. */
  readonly formPosts?: readonly string[] | undefined;
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
  /** Ports of this machine that its services were given: a page may have been opened there too. */
  readonly ports?: ReadonlySet<number> | undefined;
  /** All of its services, with those that no route leads to. */
  readonly services?: readonly NamedService[] | undefined;
}

/** Where a request leads. */
export interface Match {
  readonly stack: FrontStack;
  readonly route: FrontRoute;
}

export interface RouteTable {
  /**
   * @param host as `normaliseHost` returns it
   * @param path a request target
   */
  find(host: string, path: string): Match | undefined;
  /** The stack that has the host, with the first of its routes. */
  findHost(host: string): Match | undefined;
  /** Finds the service that a host without a route means, in the first stack that has such a one. */
  findUnrouted(host: string): (Unrouted & { readonly stack: FrontStack }) | undefined;
  /** Each once, wildcards left out. */
  readonly hosts: readonly string[];
}

/** Of two routes with one host and one path, the first counts. */
export function compileTable(stacks: readonly FrontStack[]): RouteTable {
  const lookup = compileLookup(entriesOf(stacks));
  let hosts: readonly string[] | undefined;
  return {
    find: (host, path) => lookup.find(host, path),
    findHost: (host) => lookup.findHost(host),
    findUnrouted: (host) => {
      for (const stack of stacks) {
        const meant = findUnrouted(host, stack.slug, stack.services ?? []);
        if (meant !== undefined) return { stack, ...meant };
      }
      return undefined;
    },
    get hosts() {
      return (hosts ??= listHosts(stacks));
    },
  };
}

function* entriesOf(stacks: readonly FrontStack[]): Generator<Entry<Match>> {
  for (const stack of stacks) {
    for (const route of stack.routes) {
      yield { host: route.host, path: route.path ?? '/', value: { stack, route } };
    }
  }
}

function listHosts(stacks: readonly FrontStack[]): readonly string[] {
  const hosts = stacks.flatMap(({ routes }) => routes.map(({ host }) => host));
  return [...new Set(hosts.filter((host) => !host.startsWith('*.')))];
}

const HOST = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::\d{0,5})?$/;

/**
 * The host of a Host header in the one form that is compared: lower case, without port and trailing dot. An IPv6
 * address keeps its brackets. Undefined for what is no host (RFC 9110 §7.2).
 */
export function normaliseHost(header: string): string | undefined {
  // A page asks for a thousand things of one host.
  if (header !== last.header) {
    last = { header, host: header.length > 260 ? undefined : HOST.exec(header.toLowerCase())?.[1] };
  }
  return last.host;
}

let last: { readonly header: string; readonly host: string | undefined } = { header: '', host: undefined };
