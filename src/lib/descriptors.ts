/**
 * What a process does when it has no file descriptor left. It is a fault of the surroundings that passes: nothing
 * follows from it about whatever was to be looked at.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants, devNull } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from './clock.ts';
import { errnoOf } from './errors.ts';

/** The process, or the machine, has no descriptor or no memory of the kernel left (errno(3)). */
const SCARCE: readonly string[] = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'];
const NUMBERS = Object.entries(constants.errno).flatMap(([name, number]) =>
  SCARCE.includes(name) ? [number] : [],
);

/** Says of an error that something could not be done for want of descriptors or memory of the kernel. */
export function isScarcity(error: unknown): boolean {
  if (SCARCE.includes(errnoOf(error) ?? '')) return true;
  // What `node:os` throws has no such code, but the system's number inside, with either sign.
  const info: unknown = error instanceof Error && 'info' in error ? error.info : undefined;
  const number = typeof info === 'object' && info !== null && 'errno' in info ? info.errno : undefined;
  return typeof number === 'number' && NUMBERS.includes(Math.abs(number));
}

/** Kept open, to be given up for the moment of a short piece of work. */
let spare: number | undefined;

/**
 * Does a piece of work that opens one file and closes it again; where no descriptor is left, with the one that is
 * kept for this.
 * @throws what the work throws
 */
export function withDescriptor<T>(work: () => T): T {
  try {
    const result = work();
    keepSpare();
    return result;
  } catch (error) {
    if (spare === undefined || !isScarcity(error)) throw error;
    closeSync(spare);
    spare = undefined;
    try {
      return work();
    } finally {
      keepSpare();
    }
  }
}

function keepSpare(): void {
  if (spare !== undefined) return;
  try {
    spare = openSync(devNull, 'r');
  } catch {
    // There is none now; the next work that succeeds tries again.
  }
}

/** How long work is tried again, and after which pauses. Milliseconds. */
const PATIENCE = 3_000;
const PAUSE = 50;

/** Does work again, for a few seconds, as long as it fails for want of descriptors. @throws what it throws at last */
export async function whenDescriptorsAllow<T>(work: () => Promise<T>, patience = PATIENCE): Promise<T> {
  const deadline = systemClock.now() + patience;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isScarcity(error) || systemClock.now() >= deadline) throw error;
    }
    await pause(PAUSE);
  }
}

/** How many descriptors this process may have (getrlimit(2)); undefined where that is not known, or has no end. */
export function descriptorLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
