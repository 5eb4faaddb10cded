/** Reads the list of processes from `/proc` (proc(5)), where there is one. */
import { readFileSync, readdirSync } from 'node:fs';

import { errnoOf } from '../../lib/errors.ts';
import { parseLinuxStat } from '../../lib/process-identity.ts';
import type { ProcessEntry } from './table.ts';

/** What is remembered from one look to the next: an environment changes only when its process executes a program. */
export interface Environments {
  /** Gives the markers of a process that was seen with this image; undefined when it was not. */
  recall(pid: number, image: string): readonly string[] | undefined;
  keep(pid: number, image: string, markers: readonly string[]): void;
  /** Forgets what was not recalled or kept since the last call. */
  turn(): void;
}

export function createEnvironments(): Environments {
  type Known = Map<number, { readonly image: string; readonly markers: readonly string[] }>;
  let last: Known = new Map();
  let next: Known = new Map();
  return {
    recall: (pid, image) => {
      const known = last.get(pid);
      if (known?.image !== image) return undefined;
      next.set(pid, known);
      return known.markers;
    },
    keep: (pid, image, markers) => void next.set(pid, { image, markers }),
    turn: () => {
      last = next;
      next = new Map();
    },
  };
}

/** Lists the numbers of all processes. @throws where `/proc` cannot be read now (no descriptor is free, …) */
export const listPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isSafeInteger);

/**
 * Reads one process.
 *
 * @param environments Where markers are remembered; without it they are not asked for.
 * @returns undefined where there is no such process, or only a zombie
 * @throws where that cannot be told now
 */
export function readEntry(pid: number, environments?: Environments): ProcessEntry | undefined {
  const text = readOrGone(`/proc/${pid}/stat`);
  const stat = text === undefined ? undefined : parseLinuxStat(text);
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  const { ppid, pgrp, startTime, image } = stat;
  if (environments === undefined) return { pid, ppid, pgrp, startTime, markers: NONE };
  const key = `${startTime} ${image}`;
  let markers = environments.recall(pid, key);
  if (markers === undefined) {
    markers = findMarkers(readOrGone(`/proc/${pid}/environ`) ?? '');
    environments.keep(pid, key, markers);
  }
  return { pid, ppid, pgrp, startTime, markers };
}

const NONE: readonly string[] = [];

/** Undefined for what is not there any more, or closed to this user. */
function readOrGone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== undefined && GONE.has(errno)) return undefined;
    throw error;
  }
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/** Finds the values of PORTRAMP_RUN; there is more than one only in an environment that no shell made. */
export function findMarkers(environment: string): readonly string[] {
  if (!environment.includes(NAME)) return NONE;
  return environment
    .split('\0')
    .filter((word) => word.startsWith(NAME))
    .map((word) => word.slice(NAME.length));
}

const NAME = 'PORTRAMP_RUN=';

/** Reads the number that was given to the process or thread that was born last (proc(5), `/proc/loadavg`). */
export function readLastBirth(): number | undefined {
  const last = Number(readOrGone('/proc/loadavg')?.trimEnd().split(' ').at(-1));
  return Number.isSafeInteger(last) ? last : undefined;
}
