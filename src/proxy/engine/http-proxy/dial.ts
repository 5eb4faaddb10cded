/**
 * Connections to targets, one for each request: Node's pool cannot be told to listen to a connection for a while before
 * it is used again, and whoever uses one to which a second answer is under way takes it for its own.
 */
import { Agent, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { outliveFailedWrites } from '../../failed-writes.ts';
import type { Target } from '../engine.ts';

/** A connection that is not there after this time counts as refused (milliseconds). */
const CONNECT_TIME = 10_000;

type OnConnection = (error: Error | null, socket: Duplex) => void;

/** Makes connections that are never shared and so never stale. */
export type Dialler = Record<Target['protocol'], Agent>;

export function createDialler(): Dialler {
  // Node gives each address a quarter of a second, which is too short for a far-away host.
  return { http: new LoopbackAgent(), https: new TlsAgent({ autoSelectFamilyAttemptTimeout: 2_000 }) };
}

/**
 * Servers that listen on "localhost" may be on either family only, and which one changes with the system. Node's
 * own happy eyeballs fail under a burst of connections, so the families are tried one after the other: loopback
 * refuses at once.
 */
class LoopbackAgent extends Agent {
  /** By port: the address that worked last. */
  readonly #families = new Map<number, string>();

  override createConnection(options: ClientRequestArgs, onConnection: OnConnection): undefined {
    const host = options.host ?? '127.0.0.1';
    const port = Number(options.port);
    if (!isLoopback(host)) return open([host], port, onConnection);
    const first = this.#families.get(port) ?? (host === '::1' ? '::1' : '127.0.0.1');
    return open([first, first === '::1' ? '127.0.0.1' : '::1'], port, (error, socket, address) => {
      if (address === undefined) this.#families.delete(port);
      else this.#families.set(port, address);
      onConnection(error, socket);
    });
  }
}

/** The agent of Node, whose connections outlive a failed write. */
class TlsAgent extends HttpsAgent {
  override createConnection(
    options: RequestOptions,
    onConnection?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    const connection = super.createConnection(options, onConnection);
    if (connection instanceof Socket) outliveFailedWrites(connection, () => undefined);
    return connection;
  }
}

/** RFC 6761 §6.3: names below `.localhost` are loopback, whatever the system's resolver thinks. */
const isLoopback = (host: string): boolean => /^(127\.0\.0\.1|::1|(.+\.)?localhost)$/i.test(host);

/** Reports the first address that takes the connection; the first one's error when none does. */
function open(
  [address, ...others]: string[],
  port: number,
  done: (error: Error | null, socket: Duplex, address?: string) => void,
): undefined {
  const socket: Socket = connect({
    host: address,
    port,
    noDelay: true,
    autoSelectFamilyAttemptTimeout: 2_000,
  });
  outliveFailedWrites(socket, () => undefined);
  const fail = (error: Error): void => {
    if (others.length === 0) return done(error, socket);
    open(others, port, (later, other, reached) => done(later === null ? null : error, other, reached));
  };
  socket.setTimeout(CONNECT_TIME, () =>
    socket.destroy(new Error(`no connection within ${CONNECT_TIME / 1000} s`)),
  );
  socket.once('error', fail);
  socket.once('connect', () => {
    socket.off('error', fail);
    socket.setTimeout(0).removeAllListeners('timeout');
    done(null, socket, address);
  });
}
