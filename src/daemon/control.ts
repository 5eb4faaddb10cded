/**
 * The control socket. Exactly one daemon: dialling, removing a dead socket and listening happen with the lock
 * held, and the daemon keeps the lock for as long as it lives.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock, type Clock } from '../lib/clock.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import type { Home } from '../lib/home.ts';
import { lockHolder, tryLock, type Lock } from '../lib/lock.ts';
import { explainSilence } from '../lib/silence.ts';
import { dialSocket } from '../protocol/dial.ts';
import { createBudget } from '../protocol/budget.ts';
import { MAX_LINE } from '../protocol/lines.ts';
import { createPeer } from '../protocol/peer.ts';
import { ownershipOf, watchOwnership } from './ownership.ts';
import type { Connection } from './sessions.ts';

/** Another daemon of this home is alive and well. */
export const ALREADY_RUNNING = Symbol('already running');

/** A displaced daemon lets go of the lock within a second (milliseconds). */
const LOCK_TIMEOUT = 5_000;

/**
 * Makes this process the one that may listen.
 * @throws PortrampError DAEMON_UNREACHABLE when a daemon lives that cannot be dialled.
 */
export async function claimSocket(home: Home): Promise<Lock | typeof ALREADY_RUNNING> {
  const deadline = systemClock.now() + LOCK_TIMEOUT;
  for (;;) {
    // Before the lock is touched: its holder may be one that is not to be seen from here (a container has processes of
    // its own), and would end if its lock was broken.
    if (await isAnswered(home.socket)) return ALREADY_RUNNING;
    const lock = tryLock(home.lock);
    if (lock !== undefined && (await isAnswered(home.socket))) {
      lock.release();
      return ALREADY_RUNNING;
    }
    if (lock !== undefined) {
      if (process.platform !== 'win32') rmSync(home.socket, { force: true });
      return lock;
    }
    if (systemClock.now() > deadline) throw stuckError(home);
    await pause(10 + Math.random() * 20);
  }
}

async function isAnswered(socket: string): Promise<boolean> {
  const other = await dialSocket(socket);
  other?.destroy();
  return other !== undefined;
}

function stuckError(home: Home): PortrampError {
  const pid = lockHolder(home.lock)?.pid;
  const gone = `its socket ${home.socket} is not there`;
  if (pid === undefined) {
    return new PortrampError('DAEMON_UNREACHABLE', `a daemon has the lock, but ${gone}`, {
      hint: 'try again',
    });
  }
  // One that is awake sees within a second that its socket is gone, and ends.
  const { words, hint } = explainSilence(pid);
  return new PortrampError('DAEMON_UNREACHABLE', `the daemon (pid ${pid}) ${words}, and ${gone}`, { hint });
}

export interface Control {
  /** Removes the socket; open connections stay. */
  stopListening(): void;
  /** Ends every connection when what was sent to it is out. */
  closeConnections(): void;
}

/** A client's connection. */
export interface ControlConnection extends Connection {
  /** The protocol version that was agreed on; absent before the hello. */
  protocol?: number;
  /** Stacks that it gets notices of, by key. */
  readonly watched: Set<string>;
}

export interface ControlOptions {
  readonly home: Home;
  readonly lock: Lock;
  readonly clock: Clock;
  /** Those that are open, kept current. */
  readonly connections: Set<ControlConnection>;
  readonly serve: (
    connection: ControlConnection,
    request: string,
    params: unknown,
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly onGone: (connection: ControlConnection) => void;
  /** Called when the socket's path or the lock is no longer this daemon's. */
  readonly onDisplaced: () => void;
  readonly log: (line: string) => void;
}

/** Bytes that all connections together may have sent of lines that are not whole yet: one line of the longest. */
const MAX_HELD = MAX_LINE;

/** Bytes of a line before the hello. */
const MAX_GREETING = 64 * 1024;

export async function listenControl(options: ControlOptions): Promise<Control> {
  const { home, clock, connections } = options;
  const budget = createBudget(MAX_HELD);
  const server = createServer((socket) => {
    const peer = createPeer(socket, {
      clock,
      budget,
      // Nothing that is said before the hello is long.
      maxLine: () => (connection.protocol === undefined ? MAX_GREETING : MAX_LINE),
      serve: (request, params, signal) => options.serve(connection, request, params, signal),
      onActivity: () => {
        connection.lastHeard = clock.now();
      },
      onClose: (reason) => {
        connections.delete(connection);
        if (reason !== undefined) options.log(`a client was disconnected: ${reason}`);
        options.onGone(connection);
      },
      lostError: () => new PortrampError('STACK_NOT_RUNNING', 'the runner went away before it answered'),
    });
    const connection: ControlConnection = { peer, lastHeard: clock.now(), watched: new Set() };
    connections.add(connection);
  });
  await listen(server, home.socket);
  // Such as no descriptor for a connection (accept(2)): that client dials again, the next one may be luckier.
  server.on('error', (error) =>
    options.log(`a connection to the control socket was lost: ${messageOf(error)}`),
  );
  const ownership = ownershipOf(home.socket, options.lock);
  const stopWatching = watchOwnership({
    clock: options.clock,
    log: options.log,
    onDisplaced: options.onDisplaced,
    look: () => ownership.look(),
  });
  return {
    stopListening: () => {
      stopWatching();
      // Removes the path as well, whoever listens there by now: the process is about to end, and its socket with it.
      if (ownership.isPathOwn()) server.close();
      else server.unref();
    },
    closeConnections: () => {
      for (const { peer } of connections) peer.close();
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
}
