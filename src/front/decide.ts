/** What becomes of a request, by what is known at this moment. */
import { suggest } from '../lib/suggest.ts';
import type { Decision, RequestHead, Target } from '../proxy/engine/engine.ts';
import { answer, json, redirect } from './answer.ts';
import { DISCOVERY_PATH, describeStack } from './discovery.ts';
import { forwardingHeaders } from './forwarding.ts';
import { isNavigation, judge } from './gate.ts';
import * as notices from './notices.ts';
import type { Notice } from './notices.ts';
import type { Match, RouteTable } from './table.ts';

export interface Knowledge {
  readonly table: RouteTable;
  /** Hosts whose runner is about to come back. */
  readonly expected: ReadonlySet<string>;
  /** The front's. */
  readonly port: number;
}

/** Which of a service's instances a request goes to. */
export type Pick = (targets: readonly Target[]) => Target | undefined;

/** Nothing can be decided yet; if it stays so, this is said. */
export interface Pending {
  readonly action: 'wait';
  /** The service that is to be started for it. */
  readonly wake?: Match;
  readonly notice: Notice;
}

export function decide(head: RequestHead, knowledge: Knowledge, pick: Pick): Decision | Pending {
  const { table, expected, port } = knowledge;
  const verdict = judge(head, table, expected);
  switch (verdict.verdict) {
    case 'served':
      return serve(head, verdict.match, port, pick);
    case 'expected':
      return { action: 'wait', notice: notices.expected(verdict.host) };
    case 'unknown': {
      const meant = suggest(verdict.host, table.hosts);
      return say(head, notices.unknownHost(verdict.host, meant === undefined ? meant : urlOf(meant, port)));
    }
    case 'foreign':
      return say(head, notices.FOREIGN_HOST);
    case 'malformed':
      return say(head, notices.MALFORMED_HOST);
    case 'loop':
      return say(head, notices.loop(verdict.host, verdict.match));
  }
}

/** An answer of the front's own. */
export const say = (head: RequestHead, notice: Notice): Decision => ({
  action: 'reply',
  reply: answer(head, notice),
});

function serve(head: RequestHead, match: Match, port: number, pick: Pick): Decision | Pending {
  const { canonical, route } = match.route;
  if (isDiscovery(head)) {
    return { action: 'reply', reply: json(describeStack(match.stack, (host) => urlOf(host, port))) };
  }
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

function forward(head: RequestHead, match: Match, target: Target, port: number): Decision {
  return {
    action: 'forward',
    target,
    headers: forwardingHeaders(head, port, match.route.hostHeader),
    onUnreachable: (error) => answer(head, notices.unreachable(match, target, error)),
  };
}

const isDiscovery = ({ method, path, upgrade }: RequestHead): boolean =>
  (method === 'GET' || method === 'HEAD') && !upgrade && path.split('?')[0] === DISCOVERY_PATH;

const urlOf = (host: string, port: number): string => `http://${host}${port === 80 ? '' : `:${port}`}`;
