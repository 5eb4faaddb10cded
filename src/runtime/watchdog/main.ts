/**
 * The watchdog's program: `node watchdog.js RUN_ID`, one a runner, in a session of its own. Its stdin is a pipe
 * that only the runner holds: the kernel closes it whatever way the runner ends, and then all that the runner
 * started is ended. See `orders.ts` for the lines that come in.
 */
import { createInterface } from 'node:readline';

import { systemClock } from '../../lib/clock.ts';
import { endAll } from '../process/end-all.ts';
import { births } from '../process/births.ts';
import { trackRemains, type Remains } from '../process/remains.ts';
import type { ProcessTable } from '../process/table.ts';
import { parseOrder } from './orders.ts';

/** How often descendants are recorded: soon after a start, when wrappers come and go, and later. Milliseconds. */
const EARLY_LOOK = 500;
const LATE_LOOK = 5_000;
const EARLY = 5_000;

const runMarker = `${process.argv[2] ?? ''}.`;
const instances = new Map<number, Remains>();
let lastStart = -Infinity;
let timer: NodeJS.Timeout | undefined;
/** What all instances have been looked for in; undefined after one was added. */
let seen: ProcessTable | undefined;

async function look(): Promise<void> {
  const table = await births.look();
  if (table !== undefined && table !== seen) for (const remains of instances.values()) remains.look(table);
  seen = table;
  schedule();
}

function schedule(): void {
  clearTimeout(timer);
  if (instances.size === 0) return;
  const isEarly = systemClock.now() - lastStart < EARLY;
  timer = setTimeout(() => void look(), isEarly ? EARLY_LOOK : LATE_LOOK);
}

function obey(line: string): void {
  const order = parseOrder(line);
  if (order === undefined) return;
  if (order.kind === 'remove') instances.delete(order.pid);
  else {
    instances.set(order.pid, trackRemains(order));
    lastStart = systemClock.now();
    seen = undefined;
  }
  schedule();
}

// A terminal that closes, or a group that is ended, is not the end of the runner.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.stdin.on('error', () => undefined);
createInterface({ input: process.stdin })
  .on('line', obey)
  .once('close', () => {
    clearTimeout(timer);
    void endAll([...instances.values()], runMarker).finally(() => process.exit(0));
  });
