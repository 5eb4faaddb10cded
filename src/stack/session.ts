/**
 * The runner's connection to the daemon. It is the stack's registration, so it is kept up: when the daemon dies,
 * the session dials again (starting a new one), claims what the stack has, and publishes its whole snapshot.
 */
import type { Clock } from '../lib/clock.ts';
import { Emitter } from '../lib/emitter.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import type { StackIdentity } from '../plan/plan.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { CommandHandler } from '../protocol/connection.ts';
import type { RequestOptions } from '../protocol/peer.ts';
import type {
  DaemonParams,
  DaemonRequest,
  DaemonResult,
  Finding,
  Lease,
  NoticeParams,
  Sighting,
  StackClaim,
  StackSnapshot,
} from '../protocol/messages.ts';
import { createOutage } from './outage.ts';
import { createPublishing } from './publishing.ts';

export interface SessionOptions {
  /** Dials the daemon; `spawn`: starts one where none runs. */
  readonly connect: (options: { readonly spawn: boolean }) => Promise<DaemonClient | undefined>;
  readonly clock: Clock;
  readonly pid: number;
  readonly onCommand: CommandHandler;
  readonly onNotice: (text: string) => void;
  /** What the daemon found out about the listeners of this stack. */
  readonly onFindings: (findings: readonly Finding[]) => void;
  /** What listens of the instances of this stack, where that is news. */
  readonly onSightings: (sightings: readonly Sighting[]) => void;
  /** The daemon is gone: nobody tells what listens, until the next one looks. */
  readonly onLost: () => void;
  /** The routes are live, except those whose host another stack holds. */
  readonly onPublished: (answer: DaemonResult<'publish'>) => void;
  /** The stack is registered again: what the new daemon says about it may differ from what the old one said. */
  readonly onRegistered: (claim: Pick<DaemonResult<'claim'>, 'stack' | 'front'>) => void;
}

export interface Session {
  request<R extends DaemonRequest>(
    name: R,
    params: DaemonParams<R>,
    options?: RequestOptions,
  ): Promise<DaemonResult<R>>;
  /** Makes this the stack's runner. Rejects with STACK_RUNNING. */
  attach(stack: StackIdentity, leases: readonly Lease[]): Promise<void>;
  /** The stack as it is from now on, after an edit of the contract. */
  hold(stack: StackIdentity, leases: readonly Lease[]): void;
  /** Another branch is checked out: the stack keeps its names. Resolves when the daemon knows, or will be told. */
  tellBranch(branch: string | undefined): Promise<void>;
  /** Sends soon what `take` gives then; of several in a row the last. Resolves when that, or a later one, is live. */
  publish(take: () => StackSnapshot): Promise<void>;
  close(): void;
}

/** What says the same however often it is asked: a stack that only begins asks the next daemon when one is lost. */
const REPEATABLE: readonly DaemonRequest[] = ['claim', 'lease'];

/** Milliseconds that a question waits for the next daemon, as long as for the first one. */
const NEXT_DAEMON = 20_000;

/** Milliseconds between two attempts to reach the daemon, with jitter so that runners do not stay in step. */
const REDIAL = 500;

/** The front's number as a runner remembers it. */
type HeldFront = NonNullable<NonNullable<DaemonParams<'claim'>['held']>['front']>;

/** An older daemon does not count the moves of its front: then the first number is the one that counts. */
function frontOf({
  front,
  frontMoves = 1,
}: Pick<DaemonResult<'claim'>, 'front' | 'frontMoves'>): HeldFront | undefined {
  return front.http === undefined ? undefined : { http: front.http, moves: frontMoves };
}

/** Opens the first connection; it rejects where later ones are tried again. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { clock, onNotice } = options;
  let client = await demand(options.connect({ spawn: true }));
  let registered: { stack: StackIdentity; leases: readonly Lease[] } | undefined;
  let front: HeldFront | undefined;
  let connected = true;
  let mayStart = true;
  let closed = false;
  let cancelRedial: (() => void) | undefined;
  const outage = createOutage(clock, onNotice);

  /** Asks again as long as the daemon is there and does not answer: it was stopped, or is busy. Tells that once. */
  const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
    let told: string | undefined;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!connected || closed || !isUnanswered(error)) throw error;
        if (told !== error.message) onNotice(describeSilence(error));
        told = error.message;
      }
    }
  };

  /** Emits when the daemon is there again, and when nobody waits for it any more. */
  const returns = new Emitter<void>();

  const untilReturned = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        off();
        cancel();
        resolve();
      };
      const off = returns.on(done);
      const cancel = clock.after(NEXT_DAEMON, done);
    });

  /** Asks the next daemon when this one is lost before it answers. */
  const lastingly = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (connected || closed || !isUnanswered(error)) throw error;
        await untilReturned();
        if (!connected || closed) throw error;
      }
    }
  };

  const publishing = createPublishing({
    clock,
    canSend: () => registered !== undefined && connected && !closed,
    send: async (snapshot) => {
      if (registered === undefined) return;
      const { root, environment } = registered.stack;
      options.onPublished(
        await patiently(() => client.request('publish', { stack: { root, environment }, snapshot })),
      );
    },
    onRefused: (error) => {
      if (connected && !closed) onNotice(`the daemon refused the routes: ${messageOf(error)}`);
    },
  });

  const registration = (stack: DaemonParams<'attach'>['stack']): DaemonParams<'attach'> => ({
    stack,
    pid: options.pid,
    withdraws: true,
  });

  const register = async (): Promise<void> => {
    if (registered === undefined) return;
    const { stack, leases } = registered;
    const { root, environment, slug, index } = stack;
    const held = { slug, index, leases: [...leases], ...(front === undefined ? {} : { front }) };
    const answer = await client.request('claim', { ...claimOf(stack), held });
    front = frontOf(answer) ?? front;
    await client.request('attach', registration({ root, environment }));
    for (const text of answer.notices) onNotice(text);
    options.onRegistered(answer);
  };

  const redial = (): void => {
    if (closed) return;
    cancelRedial = clock.after(REDIAL * (0.2 + Math.random()), () => {
      void reconnect().catch((error: unknown) => {
        if (!closed) outage.tell(error);
        redial();
      });
    });
  };

  const reconnect = async (): Promise<void> => {
    const next = await options.connect({ spawn: mayStart });
    if (closed) return next?.close();
    if (next === undefined) return redial();
    client = next;
    try {
      await register();
    } catch (error) {
      next.close();
      throw error;
    }
    connected = true;
    mayStart = true;
    outage.end();
    listen();
    onNotice('connected to the daemon again');
    returns.emit();
    await publishing.publish();
  };

  /** It moved under a stack that runs: the number is in what its services were told. */
  const onFront = (told: NoticeParams<'front'>): void => {
    front = frontOf(told) ?? front;
    if (registered !== undefined) options.onRegistered({ stack: registered.stack, front: told.front });
  };

  const listen = (): void => {
    const current = client;
    current.onCommand(options.onCommand);
    current.onNotice((name, params) => {
      // After `stop` a person wants no daemon: only wait for one.
      if (name === 'findings') options.onFindings((params as NoticeParams<'findings'>).findings);
      if (name === 'front') onFront(params as NoticeParams<'front'>);
      if (name === 'notice') onNotice((params as NoticeParams<'notice'>).text);
      if (name === 'sightings') options.onSightings((params as NoticeParams<'sightings'>).sightings);
      if (name === 'closing') mayStart = (params as NoticeParams<'closing'>).reason !== 'stop';
    });
    current.onClose(() => {
      if (closed || current !== client) return;
      connected = false;
      onNotice('lost the daemon; services run on, looking for it');
      options.onLost();
      redial();
    });
  };

  listen();
  return {
    request: async (name, params, more) => {
      const ask = (): Promise<DaemonResult<typeof name>> => client.request(name, params, more);
      const answer = await (REPEATABLE.includes(name) ? lastingly(ask) : ask());
      // The number that all URLs of the stack have, told again to a daemon that has lost it.
      if (name === 'claim') front = frontOf(answer as DaemonResult<'claim'>) ?? front;
      return answer;
    },
    attach: async (stack, leases) => {
      const { root, environment } = stack;
      await lastingly(() => client.request('attach', registration({ root, environment })));
      registered = { stack, leases };
    },
    hold: (stack, leases) => {
      if (registered !== undefined) registered = { stack, leases };
    },
    tellBranch: async (branch) => {
      if (registered === undefined) return;
      const { branch: _, ...stack } = registered.stack;
      registered.stack = branch === undefined ? stack : { ...stack, branch };
      // The next daemon hears of it when the stack is registered there.
      const answer = await client.request('claim', claimOf(registered.stack)).catch(() => undefined);
      for (const text of answer?.notices ?? []) onNotice(text);
    },
    publish: (take) => publishing.publish(take),
    close: () => {
      closed = true;
      cancelRedial?.();
      publishing.close();
      returns.emit();
      client.close();
    },
  };
}

const claimOf = ({ root, environment, workspace, workspaceId, main, branch }: StackIdentity): StackClaim => ({
  root,
  environment,
  workspace,
  workspaceId,
  main,
  branch,
});

async function demand(connecting: Promise<DaemonClient | undefined>): Promise<DaemonClient> {
  const client = await connecting;
  if (client === undefined) throw new PortrampError('DAEMON_UNREACHABLE', 'the daemon did not start');
  return client;
}

/** The connection is there, and nobody answers on it. */
const isUnanswered = (error: unknown): error is PortrampError =>
  error instanceof PortrampError && error.code === 'DAEMON_UNREACHABLE';

const describeSilence = ({ message, hint }: PortrampError): string =>
  `${message}${hint === undefined ? '' : ` (${hint})`}; services run on, without news of them`;
