/**
 * The runner's end of the watchdog: a process that ends everything the runner started if the runner itself is
 * killed. It is told of every process group; when it dies, another one takes its place.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { Clock } from '../../lib/clock.ts';
import { isScarcity } from '../../lib/descriptors.ts';
import { identityOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import { spawned } from '../../lib/spawned.ts';
import { formatOrder, type Order } from './orders.ts';

export interface Watchdog {
  /** The process that runs now; undefined between two. */
  readonly pid: number | undefined;
  /** Told right after a start: a process group, by its leader. */
  add(pid: number): void;
  /** Told when nothing is left of it. */
  remove(pid: number): void;
  /** Resolves when the watchdog has ended. */
  close(): Promise<void>;
}

export interface WatchdogOptions {
  /** Begins every marker (PORTRAMP_RUN) of the run, before a dot. */
  readonly runId: string;
  readonly clock: Clock;
}

/** Written by the build beside the chunk that this module ends up in. */
const PROGRAM = fileURLToPath(new URL('./watchdog.js', import.meta.url));

/** Milliseconds before one that ended is replaced: a program that cannot run must not keep the machine busy. */
const RESPAWN_PAUSE = 200;

type Child = ChildProcessByStdio<Writable, null, null>;

export function startWatchdog({ runId, clock }: WatchdogOptions): Watchdog {
  const watched = new Map<number, ProcessIdentity>();
  let child: Child | undefined;
  let closed = false;
  let cancelRespawn = (): void => undefined;
  let resolveEnded = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });

  const send = (order: Order): void => void child?.stdin.write(formatOrder(order));

  const open = (): void => {
    const next = trySpawn(runId);
    child = next;
    if (next === undefined) {
      cancelRespawn = clock.after(RESPAWN_PAUSE, open);
      return;
    }
    const onEnd = (): void => {
      if (child !== next) return;
      child = undefined;
      if (closed) resolveEnded();
      else cancelRespawn = clock.after(RESPAWN_PAUSE, open);
    };
    next.once('exit', onEnd).once('error', onEnd);
    // Its end is told by 'exit'.
    next.stdin.on('error', () => undefined);
    for (const identity of watched.values()) send({ kind: 'add', ...identity });
  };

  open();
  return {
    get pid() {
      return child?.pid;
    },
    add: (pid) => {
      const identity = identityOf(pid);
      // One that has ended already may have left something behind: its marker tells.
      if (identity === undefined) return;
      watched.set(pid, identity);
      send({ kind: 'add', ...identity });
    },
    remove: (pid) => {
      if (watched.delete(pid)) send({ kind: 'remove', pid });
    },
    close: () => {
      closed = true;
      cancelRespawn();
      if (child === undefined) resolveEnded();
      else child.stdin.end();
      return ended;
    },
  };
}

/** Undefined where no descriptor is left to start it with. */
function trySpawn(runId: string): Child | undefined {
  try {
    return spawned(spawnProgram(runId));
  } catch (error) {
    if (isScarcity(error)) return undefined;
    throw error;
  }
}

function spawnProgram(runId: string): Child {
  return spawn(process.execPath, [PROGRAM, runId], {
    cwd: '/',
    // Nothing of the runner's: neither the marker of a run around it, nor a NODE_OPTIONS that keeps it from starting.
    env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'] },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    windowsHide: true,
  });
}
