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
import { createPace } from './pace.ts';

const runMarker = `${process.argv[2] ?? ''}.`;
const instances = new Map<number, Remains>();
const pace = createPace(() => systemClock.now());
let timer: NodeJS.Timeout | undefined;
/** Who belonged to the instances at the last record: number and time of birth. */
let family: ReadonlySet<string> = new Set();
/** What all instances have been looked for in; undefined after one was added. */
let seen: ProcessTable | undefined;

async function look(): Promise<void> {
  const table = await births.look();
  if (table !== undefined) pace.looked(table !== seen && record(table));
  seen = table;
  schedule();
}

/** Records who belongs to the instances. @returns whether anybody does who did not at the last record */
function record(table: ProcessTable): boolean {
  const members = [...instances.values()].flatMap((remains) => remains.look(table));
  const before = family;
  family = new Set(members.map(({ pid, startTime }) => `${pid} ${startTime}`));
  return [...family].some((member) => !before.has(member));
}

function schedule(): void {
  clearTimeout(timer);
  if (instances.size === 0) return;
  timer = setTimeout(() => void look(), pace.pause);
}

function obey(line: string): void {
  const order = parseOrder(line);
  if (order === undefined) return;
  if (order.kind === 'remove') instances.delete(order.pid);
  else {
    instances.set(order.pid, trackRemains(order));
    pace.started();
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
