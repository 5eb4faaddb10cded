/** What becomes of a request, by what is known at this moment. */
import { suggest } from '../lib/suggest.ts';
import type { Forward, Reply, RequestHead, Target } from '../proxy/engine/engine.ts';
import { SpeaksTlsError } from '../proxy/tls-look.ts';
import { answer, json, redirect } from './answer.ts';
import { DISCOVERY_PATH, describeStack } from './discovery.ts';
import { headersFor } from './forwarding.ts';
import { isNavigation, judge } from './gate.ts';
import type { Lookup } from './lookup.ts';
import * as notices from './notices.ts';
import type { Notice } from './notices.ts';
import { findForeignPage } from './origin.ts';
import { SilentTargetError, type Restarts } from './restarts.ts';
import type { RestingStack } from './resting.ts';
import { rewritePath } from './rewrite.ts';
import type { FrontStack, Match, RouteTable } from './table.ts';

export interface Knowledge {
  readonly table: RouteTable;
  /** Hosts whose runner is about to come back. */
  readonly expected: ReadonlySet<string>;
  /** Hosts of stacks that nobody runs. */
  readonly resting: Lookup<RestingStack>;
  readonly restarts: Restarts;
  /** The front's. */
  readonly port: number;
}

/** A request goes to a target of a stack. */
export interface Placed extends Forward {
  /** Whether the target is a service that portramp runs: one that starts itself anew refuses connections for a while. */
  readonly isRun: boolean;
}

export type Choice = Placed | { readonly action: 'reply'; readonly reply: Reply };

/** Which of a service's instances a request goes to. */
export type Pick = (targets: readonly Target[]) => Target | undefined;

/** Nothing can be decided yet; if it stays so, this is said. */
export interface Pending {
  readonly action: 'wait';
  /** The service that is to be started for it. */
  readonly wake?: Match;
  readonly notice: Notice;
  /** When it is said at the latest, by the clock; absent: when the patience for the request is over. */
  readonly until?: number;
}

export function decide(head: RequestHead, knowledge: Knowledge, pick: Pick): Choice | Pending {
  const { table, expected, port } = knowledge;
  const verdict = judge(head, table, expected);
  switch (verdict.verdict) {
    case 'served':
      return serve(head, verdict.match, knowledge, pick);
    case 'pathless': {
      const { host, match } = verdict;
      const foreign = findForeignPage(head, match, table, port);
      if (foreign !== undefined) return say(head, notices.foreignPage(head, match, foreign.origin));
      return isDiscovery(head)
        ? discover(match.stack, port)
        : say(head, notices.unroutedPath(host, match.stack));
    }
    case 'expected':
      return { action: 'wait', notice: notices.expected(verdict.host) };
    case 'unknown':
    case 'foreign':
      return say(head, explainStranger(verdict, knowledge));
    case 'malformed':
      return say(head, notices.MALFORMED_HOST);
    case 'loop':
      return say(head, notices.loop(verdict.host, verdict.match));
  }
}

/** An answer of the front's own. */
export const say = (head: RequestHead, notice: Notice): Choice => ({
  action: 'reply',
  reply: answer(head, notice),
});

/** A host that leads nowhere now. */
function explainStranger(
  { verdict, host }: { readonly verdict: 'unknown' | 'foreign'; readonly host: string },
  { table, resting, port }: Knowledge,
): Notice {
  const owner = resting.findHost(host);
  if (owner !== undefined) return notices.resting(host, owner);
  if (verdict === 'foreign') return notices.FOREIGN_HOST;
  const unrouted = table.findUnrouted(host);
  if (unrouted !== undefined) return notices.unroutedService(host, unrouted);
  const meant = suggest(host, table.hosts);
  return notices.unknownHost(host, meant === undefined ? meant : urlOf(meant, port));
}

function serve(head: RequestHead, match: Match, knowledge: Knowledge, pick: Pick): Choice | Pending {
  const { table, port } = knowledge;
  const { canonical, route } = match.route;
  const foreign = findForeignPage(head, match, table, port);
  if (foreign !== undefined) return say(head, notices.foreignPage(head, match, foreign.origin));
  if (isDiscovery(head)) return discover(match.stack, port);
  // One origin for the application, whichever name a person typed.
  if (canonical !== undefined && isNavigation(head)) {
    return { action: 'reply', reply: redirect(`${urlOf(canonical, port)}${head.path}`) };
  }
  switch (route.state) {
    case 'live': {
      const target = pick(route.targets);
      return target === undefined ? say(head, notices.stopped(match)) : forward(head, match, target, port);
    }
    case 'warming':
      if (route.failure !== undefined) {
        const until = knowledge.restarts.until(match);
        const notice = notices.silent(match, route.failure);
        return until === undefined ? say(head, notice) : { action: 'wait', notice, until };
      }
      return {
        action: 'wait',
        notice: notices.starting(match),
        ...(route.wake === true ? { wake: match } : {}),
      };
    case 'failed':
      return say(head, notices.failed(match, route.failure));
    case 'stopped':
      return say(head, notices.stopped(match));
  }
}

function forward(head: RequestHead, match: Match, target: Target, port: number): Placed {
  const { path = '/', rewrite } = match.route;
  return {
    action: 'forward',
    target,
    // Only what runs elsewhere is sent a name of its own.
    isRun: match.route.hostHeader === undefined,
    headers: headersFor(head, match.route, port),
    path: rewrite === undefined ? undefined : rewritePath(head.path, path, rewrite),
    onUnreachable: (error) => answer(head, explain(match, target, error)),
  };
}

function explain(match: Match, target: Target, error: Error): Notice {
  if (error instanceof SpeaksTlsError) return notices.speaksTls(match, target);
  if (!(error instanceof SilentTargetError)) return notices.unreachable(match, target, error);
  return notices.silent(match, { message: `nothing listens on port ${target.port}`, log: [] });
}

const discover = (stack: FrontStack, port: number): Choice => ({
  action: 'reply',
  reply: json(describeStack(stack, (host) => urlOf(host, port))),
});

const isDiscovery = ({ method, path, upgrade }: RequestHead): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  !upgrade &&
  path.startsWith(DISCOVERY_PATH) &&
  path.split('?')[0] === DISCOVERY_PATH;

const urlOf = (host: string, port: number): string => `http://${host}${port === 80 ? '' : `:${port}`}`;
