/** Connections to targets: kept alive for requests, one each for WebSockets. */
import { Agent, type AgentOptions, type ClientRequest, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { outliveFailedWrites } from '../../failed-writes.ts';
import type { Target } from '../engine.ts';

/** A connection that is not there after this time counts as refused (milliseconds). */
const CONNECT_TIME = 10_000;

type OnConnection = (error: Error | null, socket: Duplex) => void;

export interface Dialler {
  /** The agent for requests to this target. */
  readonly pool: Record<Target['protocol'], Agent>;
  /** For upgrades: a connection that is never shared and so never stale. */
  readonly single: Record<Target['protocol'], Agent>;
  close(): void;
}

export function createDialler(): Dialler {
  const families = new Map<number, string>();
  const pooled: AgentOptions = { keepAlive: true, scheduling: 'lifo' };
  // Node gives each address a quarter of a second, which is too short for a far-away host.
  const far = { autoSelectFamilyAttemptTimeout: 2_000 };
  const pool = {
    http: new LoopbackAgent(families, pooled),
    https: new TlsAgent({ ...pooled, ...far }),
  };
  const single = { http: new LoopbackAgent(families, {}), https: new TlsAgent(far) };
  return {
    pool,
    single,
    close: () => {
      for (const agent of [...Object.values(pool), ...Object.values(single)]) agent.destroy();
    },
  };
}

/**
 * Servers that listen on "localhost" may be on either family only, and which one changes with the system. Node's
 * own happy eyeballs fail under a burst of connections, so the families are tried one after the other: loopback
 * refuses at once.
 */
class LoopbackAgent extends Agent {
  readonly #families: Map<number, string>;
  readonly #distrust = new Distrust();

  constructor(families: Map<number, string>, options: AgentOptions) {
    super(options);
    this.#families = families;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const isKept: unknown = super.keepSocketAlive(socket);
    return isKept === true && this.#distrust.watch(socket);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#distrust.unwatch(socket);
    super.reuseSocket(socket, request);
  }

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

/** Finds targets that send what nobody has asked for: their connections are used once. */
class Distrust {
  readonly #targets = new Set<string>();
  readonly #watched = new WeakMap<Duplex, () => void>();

  /** Watches a connection that is idle from now on. @returns false if it is not to be kept */
  watch(socket: Duplex): boolean {
    if (!(socket instanceof Socket)) return false;
    const target = `${socket.remoteAddress} ${socket.remotePort}`;
    if (this.#targets.has(target)) return false;
    const onData = (): void => {
      this.#targets.add(target);
      socket.destroy();
    };
    this.#watched.set(socket, onData);
    socket.once('data', onData);
    return true;
  }

  unwatch(socket: Duplex): void {
    const onData = this.#watched.get(socket);
    if (onData !== undefined) socket.off('data', onData);
  }
}

/** The agent of Node, whose connections outlive a failed write. */
class TlsAgent extends HttpsAgent {
  readonly #distrust = new Distrust();

  override keepSocketAlive(socket: Duplex): boolean {
    const isKept: unknown = super.keepSocketAlive(socket);
    return isKept === true && this.#distrust.watch(socket);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#distrust.unwatch(socket);
    super.reuseSocket(socket, request);
  }

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
