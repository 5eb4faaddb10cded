/** What tests of random faults share: a generator that can be played again, and the processes of the machine. */
import { readFileSync, readdirSync } from 'node:fs';

import { startTimeOf } from '../../../src/lib/process-identity.ts';

export interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly command: string;
}

export const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);

export interface Random {
  /** From 0 to 1. */
  next(): number;
  choose<T>(items: readonly T[]): T | undefined;
  /** Between the two, small ones as often as large ones: the logarithm is uniform. */
  logUniform(from: number, to: number): number;
}

/** A small generator with a seed (mulberry32): a failure can be played again. */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    choose: (items) => items[Math.floor(next() * items.length)],
    logUniform: (from, to) => from * (to / from) ** next(),
  };
}

export function listProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8')
          .replace(/\0$/, '')
          .replaceAll('\0', ' ');
        const ppid = Number(/\nPPid:\s+(\d+)/.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [{ pid: Number(name), ppid, command }];
      } catch {
        // It has just ended.
        return [];
      }
    });
}

/** Only what is surely ours, and still there. */
export function send(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1 || startTimeOf(pid) === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended by itself.
  }
}
