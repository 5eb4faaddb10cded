/** Ends everything that a run has left: what it recorded, and whatever carries its marker. */
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../../lib/clock.ts';
import type { Remains } from './remains.ts';
import { signalProcess, signalRemains } from './signals.ts';
import { survey as machine, type Survey } from './survey.ts';
import type { ProcessEntry } from './table.ts';

/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 2_000;

/** Processes that cannot be ended (somebody else's) do not keep anybody for ever. Milliseconds. */
const GIVE_UP = 30_000;

const LOOK = 50;

export interface EndAllOptions {
  readonly survey: Survey;
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/**
 * @param marker begins the marker of every process of the run, and ends with a dot
 * @returns how many processes there were at first, and how many are left
 */
export async function endAll(
  instances: readonly Remains[],
  marker: string,
  options: EndAllOptions = { survey: machine, now: () => systemClock.now(), pause },
): Promise<{ readonly found: number; readonly left: number }> {
  const { survey, now } = options;
  const began = now();
  let found: number | undefined;
  for (let isTold = false; ; isTold = true) {
    const table = await survey.take();
    const carriers = table.carriersOf(marker);
    const left = new Set(
      [...carriers, ...instances.flatMap((remains) => remains.look(table))].map(({ pid }) => pid),
    );
    found ??= left.size;
    const age = now() - began;
    if (left.size === 0 || age > GIVE_UP) return { found, left: left.size };
    if (!isTold || age >= GRACE) {
      await signalAll(instances, carriers, age >= GRACE ? 'SIGKILL' : 'SIGTERM', survey);
    }
    await options.pause(LOOK);
  }
}

async function signalAll(
  instances: readonly Remains[],
  carriers: readonly ProcessEntry[],
  signal: NodeJS.Signals,
  survey: Survey,
): Promise<void> {
  await signalRemains(instances, signal, survey);
  for (const carrier of carriers) signalProcess(carrier, signal);
}
