/** A client's end of a control connection, before and after the hello. */
import type { Socket } from 'node:net';

import { Emitter } from '../lib/emitter.ts';
import { PortrampError } from '../lib/errors.ts';
import { explainSilence } from '../lib/silence.ts';
import type {
  CommandAnswer,
  DaemonNotice,
  DaemonParams,
  DaemonRequest,
  DaemonResult,
  NoticeParams,
  RunnerCommand,
} from './messages.ts';
import { createPeer, type Peer, type RequestOptions } from './peer.ts';

/** Carries out what the daemon asks of a runner; `signal` aborts when nobody waits for the answer any more. */
export type CommandHandler = (command: RunnerCommand, signal: AbortSignal) => Promise<CommandAnswer>;

export interface DaemonClient {
  /** The protocol version that is spoken on this connection. */
  readonly protocol: number;
  /** The daemon's portramp version. */
  readonly version: string;
  readonly pid: number;
  /** Rejects with the PortrampError that the daemon answers, DAEMON_UNREACHABLE, or TIMEOUT. */
  request<R extends DaemonRequest>(
    name: R,
    params: DaemonParams<R>,
    options?: RequestOptions,
  ): Promise<DaemonResult<R>>;
  /** The listener gets every notice; the returned function removes it. */
  onNotice(listener: (name: DaemonNotice, params: NoticeParams<DaemonNotice>) => void): () => void;
  /** Called once, when the connection is over, whoever ended it. At once if it is over already. */
  onClose(listener: () => void): () => void;
  /** Answers the daemon's commands to this runner. Without it they are refused. */
  onCommand(handler: CommandHandler): void;
  close(): void;
}

/** A daemon that does not answer the first questions in this time does nothing now (milliseconds). */
const HELLO_TIMEOUT = 5_000;

export interface Connection {
  readonly peer: Peer;
  readonly notices: Emitter<readonly [DaemonNotice, NoticeParams<DaemonNotice>]>;
  readonly closes: Emitter<void>;
  /** Set by the runner. */
  command?: CommandHandler;
}

export function createConnection(socket: Socket): Connection {
  const notices: Connection['notices'] = new Emitter();
  const closes: Connection['closes'] = new Emitter();
  const peer = createPeer(socket, {
    // The daemon has checked what it sends.
    onNotice: (name, params) => notices.emit([name as DaemonNotice, params as NoticeParams<DaemonNotice>]),
    onClose: () => closes.emit(),
    serve: async (name, params, signal) => {
      if (name !== 'command' || connection.command === undefined) {
        throw new PortrampError('BAD_MESSAGE', `this client does not answer "${name}"`);
      }
      return connection.command(params as RunnerCommand, signal);
    },
    lostError: () =>
      new PortrampError('DAEMON_UNREACHABLE', 'the connection to the daemon was lost', { hint: 'try again' }),
  });
  const connection: Connection = { peer, notices, closes };
  return connection;
}

export function createClient(connection: Connection, hello: DaemonResult<'hello'>): DaemonClient {
  const { peer, notices, closes } = connection;
  return {
    protocol: hello.protocol,
    version: hello.version,
    pid: hello.pid,
    request: (name, params, options) =>
      ask(peer, name, params, { lateError: () => unansweredError(hello.pid), ...options }),
    onNotice: (listener) => notices.on(([name, params]) => listener(name, params)),
    onClose: (listener) => {
      if (peer.closed) {
        queueMicrotask(listener);
        return () => undefined;
      }
      return closes.on(listener);
    },
    onCommand: (handler) => {
      connection.command = handler;
    },
    close: () => peer.close(),
  };
}

/** The daemon validates what it gets and sends what `messages.ts` says. */
export async function ask<R extends DaemonRequest>(
  peer: Peer,
  name: R,
  params: DaemonParams<R>,
  options: RequestOptions = {},
): Promise<DaemonResult<R>> {
  const isFirst = name === 'hello' || name === 'status' || name === 'yield';
  const result = await peer.request(name, params, {
    ...(isFirst ? { timeout: HELLO_TIMEOUT } : {}),
    ...options,
  });
  return result as DaemonResult<R>;
}

/**
 * Says why the daemon has not answered: it was stopped, or is busy. Nobody ends it for that: one whose event loop
 * stands still ends itself.
 * @param pid undefined where nobody knows who the daemon is
 */
export function unansweredError(pid: number | undefined): PortrampError {
  if (pid === undefined) {
    return new PortrampError('DAEMON_UNREACHABLE', 'the daemon does not answer', { hint: 'try again' });
  }
  const { words, hint } = explainSilence(pid);
  return new PortrampError('DAEMON_UNREACHABLE', `the daemon (pid ${pid}) does not answer: it ${words}`, {
    hint,
  });
}
