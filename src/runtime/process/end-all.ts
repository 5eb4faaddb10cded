/** Ends everything that a run has left: what it recorded, and whatever carries its marker. */
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../../lib/clock.ts';
import type { Remains } from './remains.ts';
import { signalProcess } from './signals.ts';
import { carriersOf, listProcesses, type ProcessEntry } from './table.ts';

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 2_000;

/** Processes that cannot be ended (somebody else's) do not keep anybody for ever. Milliseconds. */
const GIVE_UP = 30_000;

const LOOK = 50;

/**
 * @param marker begins the marker of every process of the run, and ends with a dot
 * @returns how many processes there were at first, and how many are left
 */
export async function endAll(
  instances: readonly Remains[],
  marker: string,
): Promise<{ readonly found: number; readonly left: number }> {
  const began = systemClock.now();
  let found: number | undefined;
  for (let isTold = false; ; isTold = true) {
    const carriers = carriersOf(marker, listProcesses());
    const left = new Set(
      [...carriers, ...instances.flatMap((remains) => remains.look())].map(({ pid }) => pid),
    );
    found ??= left.size;
    const age = systemClock.now() - began;
    if (left.size === 0 || age > GIVE_UP) return { found, left: left.size };
    if (!isTold || age >= GRACE) signalAll(instances, carriers, age >= GRACE ? 'SIGKILL' : 'SIGTERM');
    await pause(LOOK);
  }
}

function signalAll(
  instances: readonly Remains[],
  carriers: readonly ProcessEntry[],
  signal: NodeJS.Signals,
): void {
  for (const remains of instances) remains.signal(signal);
  for (const carrier of carriers) signalProcess(carrier, signal);
}
