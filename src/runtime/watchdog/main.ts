/**
 * The watchdog's program: `node watchdog.js RUN_ID`, one a runner, in a session of its own. Its stdin is a pipe
 * that only the runner holds: the kernel closes it whatever way the runner ends, and then all that the runner
 * started is ended. See `orders.ts` for the lines that come in.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import { trackRemains, type Remains } from '../process/remains.ts';
import { signalProcess } from '../process/signals.ts';
import { carriersOf, listProcesses } from '../process/table.ts';
import { parseOrder } from './orders.ts';

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 2_000;

/** How often descendants are recorded: soon after a start, when wrappers come and go, and later. Milliseconds. */
const EARLY_LOOK = 500;
const LATE_LOOK = 5_000;
const EARLY = 5_000;

/** Processes that cannot be ended (somebody else's) do not keep the watchdog for ever. Milliseconds. */
const GIVE_UP = 30_000;

const runMarker = `${process.argv[2] ?? ''}.`;
const instances = new Map<number, Remains>();
let lastStart = 0;
let timer: NodeJS.Timeout | undefined;

function look(): void {
  for (const remains of instances.values()) remains.look();
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  if (instances.size === 0) return;
  const isEarly = Date.now() - lastStart < EARLY;
  timer = setTimeout(look, isEarly ? EARLY_LOOK : LATE_LOOK);
}

function obey(line: string): void {
  const order = parseOrder(line);
  if (order === undefined) return;
  if (order.kind === 'remove') instances.delete(order.pid);
  else {
    instances.set(order.pid, trackRemains(order));
    lastStart = Date.now();
  }
  schedule();
}

async function endAll(): Promise<void> {
  clearTimeout(timer);
  const began = Date.now();
  for (let isTold = false; ;) {
    const carriers = carriersOf(runMarker, listProcesses());
    const left = [...instances.values()].map((remains) => remains.look().length);
    const age = Date.now() - began;
    if (carriers.length + left.reduce((sum, count) => sum + count, 0) === 0 || age > GIVE_UP) return;
    if (!isTold || age >= GRACE) signalAll(carriers, age >= GRACE ? 'SIGKILL' : 'SIGTERM');
    isTold = true;
    await pause(50);
  }
}

function signalAll(carriers: ReturnType<typeof carriersOf>, signal: NodeJS.Signals): void {
  for (const remains of instances.values()) remains.signal(signal);
  for (const carrier of carriers) signalProcess(carrier, signal);
}

// A terminal that closes, or a group that is ended, is not the end of the runner.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.stdin.on('error', () => undefined);
createInterface({ input: process.stdin })
  .on('line', obey)
  .once('close', () => void endAll().finally(() => process.exit(0)));
