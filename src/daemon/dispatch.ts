/** Every request of the protocol, in one place. */
import type { z } from 'zod';

import { PortrampError } from '../lib/errors.ts';
import { keyText } from '../ports/ledger.ts';
import { lookAtPort } from '../ports/look.ts';
import {
  daemonRequests,
  type DaemonParams,
  type DaemonRequest,
  type DaemonResult,
  type Front,
} from '../protocol/messages.ts';
import type { Traffic } from '../proxy/traffic.ts';
import { commonProtocol, type ProtocolRange } from '../protocol/version.ts';
import type { ControlConnection } from './control.ts';
import type { Followers } from './followers.ts';
import type { FrontNumber } from './front-store.ts';
import { findListenerOwner } from './listener-owner.ts';
import type { Sessions } from './sessions.ts';
import type { Stacks } from './stacks.ts';
import type { Verification } from './verification.ts';

export interface DispatchContext {
  readonly version: string;
  readonly protocol: ProtocolRange;
  readonly stacks: Stacks;
  readonly sessions: Sessions;
  readonly traffic: Pick<Traffic, 'drain' | 'quiet'>;
  readonly followers: Followers;
  readonly verification: Pick<Verification, 'settle'>;
  readonly status: () => DaemonResult<'status'>;
  readonly front: () => Front;
  /** How often the front has moved. */
  readonly frontMoves: () => number;
  /** Hears which number of the front a runner remembers. */
  readonly adoptFront: (held: FrontNumber) => Promise<void>;
  /** Texts that are said once, to the next runner that claims a name. */
  readonly takeNotices: () => string[];
  /** Sends the stack's state to one connection. */
  readonly sendStack: (connection: ControlConnection, key: DaemonParams<'watch'>['stack']) => void;
  /** Begins the end; called after the answer is on its way. */
  readonly end: (reason: 'stop' | 'yield') => void;
}

/** Answered on every connection, whatever protocol it speaks. Frozen for ever. */
const FROZEN: readonly DaemonRequest[] = ['hello', 'status', 'yield'];

/** A request as it came in. */
export interface Asked<Name extends string = string> {
  readonly name: Name;
  readonly params: unknown;
  /** Aborts when the client does not wait for the answer any more. */
  readonly signal: AbortSignal;
}

/** @throws PortrampError what the client is told. */
export async function dispatch(
  context: DispatchContext,
  connection: ControlConnection,
  { name, params, signal }: Asked,
): Promise<unknown> {
  if (!isRequest(name)) throw new PortrampError('BAD_MESSAGE', `there is no request "${name.slice(0, 80)}"`);
  if (connection.protocol === undefined && !FROZEN.includes(name)) {
    throw new PortrampError('BAD_MESSAGE', `"${name}" before "hello"`);
  }
  return answer(context, connection, { name, params, signal });
}

async function answer(
  context: DispatchContext,
  connection: ControlConnection,
  { name, params, signal }: Asked<DaemonRequest>,
): Promise<DaemonResult<DaemonRequest>> {
  const { stacks, sessions } = context;
  switch (name) {
    case 'hello':
      return hello(context, connection, parse('hello', params));
    case 'status':
      return context.status();
    case 'yield':
      return yieldTo(context, parse('yield', params));
    case 'shutdown':
      return shutdown(context, parse('shutdown', params).force);
    case 'claim': {
      const { held, ...claim } = parse('claim', params);
      if (held?.front !== undefined) await context.adoptFront(held.front);
      const { stack, notices } = await stacks.claim(claim, held);
      return {
        stack,
        front: context.front(),
        frontMoves: context.frontMoves(),
        notices: [...notices, ...context.takeNotices()],
      };
    }
    case 'lease': {
      const { stack, ports, rules, hosts, scope } = parse('lease', params);
      const leased = await stacks.lease(stack, ports, { rules, scope });
      if (hosts === undefined) return leased;
      return { ...leased, refusedHosts: Object.keys(await stacks.judgeHosts(stack, hosts)) };
    }
    case 'reassign': {
      const asked = parse('reassign', params);
      stacks.requireRunner(asked.stack, connection);
      return stacks.reassign(asked);
    }
    case 'borrow': {
      const asked = parse('borrow', params);
      stacks.requireRunner(asked.stack, connection);
      return stacks.borrow(asked);
    }
    case 'attach': {
      const { stack, pid, withdraws } = parse('attach', params);
      connection.withdraws = withdraws;
      stacks.attach(stack, pid, connection);
      return {};
    }
    case 'publish': {
      const { stack, snapshot } = parse('publish', params);
      const { refused, borrowed } = await stacks.publish(stack, snapshot, connection);
      // Outside of the queue of changes: nobody else waits for a look at this stack's listeners.
      await context.verification.settle(stack);
      const slugs = [...Object.values(refused), ...Object.values(borrowed)];
      const answer = { front: context.front(), refusedHosts: refused, holders: stacks.holders(slugs) };
      return Object.keys(borrowed).length === 0 ? answer : { ...answer, borrowedHosts: borrowed };
    }
    case 'list':
      return { front: context.front(), stacks: stacks.list(parse('list', params)) };
    case 'command': {
      const { stack, command } = parse('command', params);
      return sessions.command(stack, command, signal);
    }
    case 'watch': {
      const { stack } = parse('watch', params);
      connection.watched.add(keyText(stack));
      context.sendStack(connection, stack);
      return {};
    }
    case 'holder': {
      const { port } = parse('holder', params);
      const { free, holders, forbidden } = await lookAtPort(port);
      const owner = free
        ? undefined
        : findListenerOwner(port, holders, sessions.all(), (one) => stacks.slugOf(one));
      return {
        free,
        holders: [...holders],
        ...(forbidden === undefined ? {} : { forbidden }),
        ...(owner === undefined ? {} : { owner }),
      };
    }
    case 'drain': {
      const { targets, ...options } = parse('drain', params);
      return { left: await context.traffic.drain(targets, options) };
    }
    case 'traffic':
      return context.traffic.quiet(parse('traffic', params).targets);
    case 'follow':
      context.followers.follow(connection.peer, parse('follow', params));
      return {};
    case 'forget':
      return { forgotten: await stacks.forget(parse('forget', params).stacks) };
    default:
      return name satisfies never;
  }
}

const isRequest = (name: string): name is DaemonRequest => Object.hasOwn(daemonRequests, name);

type Parsed<R extends DaemonRequest> = z.output<(typeof daemonRequests)[R]['params']>;

function parse<R extends DaemonRequest>(name: R, params: unknown): Parsed<R> {
  const result = daemonRequests[name].params.safeParse(params ?? {});
  if (result.success) return result.data as Parsed<R>;
  const [issue] = result.error.issues;
  const place = ['params', ...(issue?.path ?? [])].join('.');
  throw new PortrampError('BAD_MESSAGE', `"${name}": ${place}: ${issue?.message ?? 'malformed'}`);
}

function hello(
  { protocol, version }: DispatchContext,
  connection: ControlConnection,
  params: Parsed<'hello'>,
): DaemonResult<'hello'> {
  const common = commonProtocol(protocol, params.protocol);
  if (common === undefined) {
    throw new PortrampError(
      'PROTOCOL_MISMATCH',
      `this daemon (portramp ${version}) speaks protocol ${protocol.min} to ${protocol.max}, ` +
        `the client (portramp ${params.version}) ${params.protocol.min} to ${params.protocol.max}`,
      { hint: 'install the newer portramp in both places' },
    );
  }
  connection.protocol = common;
  return { protocol: common, version, pid: process.pid };
}

/** An older client, or one of the same protocol, never replaces a daemon. */
function yieldTo(context: DispatchContext, params: Parsed<'yield'>): DaemonResult<'yield'> {
  const yielding = params.protocol > context.protocol.max;
  if (yielding) context.end('yield');
  return { yielding };
}

function shutdown(context: DispatchContext, force: boolean): DaemonResult<'shutdown'> {
  const running = context.stacks.list({ all: false }).map((stack) => stack.slug);
  if (running.length > 0 && !force) {
    throw new PortrampError('DAEMON_BUSY', `these stacks are running: ${running.join(', ')}`, {
      hint: '"portramp down --all" stops them; --force stops the daemon and leaves them running without a front',
    });
  }
  context.end('stop');
  return {};
}
