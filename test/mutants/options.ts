/** The words of `npm run mutants`. Pure. */
import { parseArgs } from 'node:util';

export interface Options {
  /** Mutate these files; empty: those that differ from `base`. */
  readonly files: readonly string[];
  /** Only lines that differ from this revision. */
  readonly base: string | undefined;
  /** Folders of `src`, in place of files. */
  readonly rooms: readonly string[];
  /** So many of all, chosen by chance; undefined: every one. */
  readonly random: number | undefined;
  readonly seed: number;
  /** Run the nearest process tests on what unit and property tests did not notice. */
  readonly process: boolean;
}

export const USAGE = `npm run mutants -- [FILE…] [--base REV] [--rooms FOLDER,…] [--random N] [--seed S] [--process]

    FILE…            every mutant of these files
    --base REV       only of lines that differ from the revision (default without files and rooms: HEAD)
    --rooms FOLDER   of all files below, for example src/daemon,src/ports
    --random N       so many of them, chosen by --seed (default 1)
    --process        what unit and property tests do not notice is shown to the nearest process tests`;

/** @throws Error with what is wrong */
export function parseOptions(words: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      base: { type: 'string' },
      rooms: { type: 'string' },
      random: { type: 'string' },
      seed: { type: 'string' },
      process: { type: 'boolean' },
    },
  });
  const rooms = values.rooms?.split(',').filter((room) => room !== '') ?? [];
  const isBare = positionals.length === 0 && rooms.length === 0;
  return {
    files: positionals,
    base: values.base ?? (isBare ? 'HEAD' : undefined),
    rooms,
    random: values.random === undefined ? undefined : count('random', values.random),
    seed: values.seed === undefined ? 1 : count('seed', values.seed),
    process: values.process ?? false,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} ${text}: not a number`);
  return value;
}

/** Chooses by chance, the same for the same seed (mulberry32), and keeps the order. */
export function sample<T>(all: readonly T[], size: number, seed: number): T[] {
  const indices = all.map((_, index) => index);
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let at = indices.length - 1; at > 0; at -= 1) {
    const other = Math.floor(next() * (at + 1));
    [indices[at], indices[other]] = [indices[other] ?? 0, indices[at] ?? 0];
  }
  const chosen = new Set(indices.slice(0, size));
  return all.filter((_, index) => chosen.has(index));
}

/** Reads which lines of which files are new from `git diff --unified=0`. */
export function changedLines(diff: string): Map<string, Set<number>> {
  const changed = new Map<string, Set<number>>();
  let lines = new Set<number>();
  for (const line of diff.split('\n')) {
    const file = /^\+\+\+ b\/(.+)$/.exec(line)?.[1];
    if (file !== undefined) {
      lines = changed.get(file) ?? new Set();
      changed.set(file, lines);
    }
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null) continue;
    const from = Number(hunk[1]);
    const length = hunk[2] === undefined ? 1 : Number(hunk[2]);
    for (let at = from; at < from + length; at += 1) lines.add(at);
  }
  return changed;
}
