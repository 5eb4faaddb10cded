/**
 * The daemon's pulse: its event loop beats once a second, and a thread beside it counts the seconds without a beat.
 * A daemon whose loop stands still serves nobody and cannot be asked anything; nobody else can tell that from a
 * machine that is busy or asleep, so the daemon ends itself, and runners start the next one.
 */
import { url as inspectorUrl } from 'node:inspector';
import { Worker } from 'node:worker_threads';

import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';

/** Milliseconds. */
const BEAT = 1_000;

/** So many seconds without a beat, by the thread's own count, are a loop that will not go on. */
const PATIENCE = 30;

/** Places in the memory that the loop and the thread share. */
export const BEATS = 0;
/** 1 while a debugger may hold the loop. */
export const DEBUGGED = 1;
/** Nothing ever changes here: the thread sleeps on it. */
export const SLEEP = 2;

export interface PulseOrder {
  /** Three 32-bit integers: see `BEATS`, `DEBUGGED`, `SLEEP`. */
  readonly shared: SharedArrayBuffer;
  /** Seconds without a beat after which the thread ends the process. */
  readonly patience: number;
  /** Path of the daemon's log. */
  readonly log: string;
}

export interface PulseOptions {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly logPath: string;
  readonly patience?: number;
  readonly program?: URL;
}

/** Written by the build beside the chunk that this module ends up in. */
const PROGRAM = new URL('./pulse.js', import.meta.url);

/** Begins to beat. Returns the function that ends it and its thread. */
export function keepPulse(options: PulseOptions): () => void {
  const { clock, log, logPath, patience = PATIENCE, program = PROGRAM } = options;
  const shared = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const memory = new Int32Array(shared);
  const beat = (): void => {
    Atomics.store(memory, DEBUGGED, inspectorUrl() === undefined ? 0 : 1);
    Atomics.add(memory, BEATS, 1);
    cancel = clock.after(BEAT, beat);
  };
  let cancel = (): void => undefined;
  beat();
  const thread = new Worker(program, {
    workerData: { shared, patience, log: logPath } satisfies PulseOrder,
    execArgv: [],
    // It holds nothing: a heap of the usual size would be most of what it costs.
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  });
  thread.unref();
  thread.once('error', (error) => log(`nobody watches the event loop: ${messageOf(error)}`));
  return () => {
    cancel();
    void thread.terminate();
  };
}
