/**
 * Looks at who was born since the last look: for who records whose descendant a process is, again and again, and need
 * not know what has become of it. Costs nothing while nobody is born.
 */
import { systemClock } from '../../lib/clock.ts';
import { listPids, readEntry, readLastBirth } from './proc.ts';
import { survey } from './survey.ts';
import { createTable, type ProcessEntry, type ProcessTable } from './table.ts';

export interface Births {
  /**
   * Gives who is there, and maybe who has ended since: each with the parent and the group of when it was first seen.
   * The same table as before while no process was born that is still there; undefined when that cannot be told now.
   */
  look(): Promise<ProcessTable | undefined>;
}

export interface BirthsOptions {
  /** The number that was given out last: numbers are given out in turn. Undefined where the system does not tell. */
  readonly lastBirth: () => number | undefined;
  readonly listPids: () => number[];
  readonly read: (pid: number) => ProcessEntry | undefined;
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
}

/** Milliseconds: so often everybody is looked at anew, so that nothing that was missed is missed for ever. */
const AFRESH = 600_000;

/** So many numbers are looked at one by one; where more were given out, all processes are listed. */
const MOST_NUMBERS = 200;

export function createBirths(options: BirthsOptions): Births {
  let known = new Map<number, ProcessEntry>();
  let table: ProcessTable | undefined;
  /** The number given out last at the last look. */
  let last: number | undefined;
  /** The same at the look before: a process has its number a moment before the system shows the process. */
  let settled = 0;
  let afreshAt = -Infinity;

  const isNewcomer = (pid: number): boolean => !known.has(pid) && options.read(pid) !== undefined;

  /** Most births are of threads, and of programs that have ended again: neither is worth a list of all processes. */
  const hasNewcomers = (newest: number): boolean => {
    if (newest - settled > MOST_NUMBERS) return true;
    for (let pid = settled + 1; pid <= newest; pid += 1) if (isNewcomer(pid)) return true;
    return false;
  };

  const list = (isAfresh: boolean): ProcessTable => {
    const next = new Map<number, ProcessEntry>();
    let hasChanged = isAfresh;
    for (const pid of options.listPids()) {
      const before = isAfresh ? undefined : known.get(pid);
      const entry = before ?? options.read(pid);
      if (entry === undefined) continue;
      next.set(pid, entry);
      if (before === undefined) hasChanged = true;
    }
    known = next;
    return hasChanged || table === undefined ? createTable(known.values()) : table;
  };

  const look = (): ProcessTable => {
    const newest = options.lastBirth();
    // Numbers that start from the beginning may be those of others who are gone.
    const isAfresh = options.now() >= afreshAt || newest === undefined || last === undefined || newest < last;
    if (table === undefined || isAfresh || (newest !== settled && hasNewcomers(newest)))
      table = list(isAfresh);
    if (isAfresh) afreshAt = options.now() + AFRESH;
    settled = (isAfresh ? newest : last) ?? 0;
    last = newest;
    return table;
  };

  return {
    look: async () => {
      try {
        return look();
      } catch {
        return undefined;
      }
    },
  };
}

/** Milliseconds that a look may be old for those who look together: all services of a stack do. */
const TOGETHER = 500;

/** Makes a look that is taken once for all who ask within a moment. */
export function lookTogether(source: Births, now: () => number): Births['look'] {
  let last: { readonly table: ReturnType<Births['look']>; readonly at: number } | undefined;
  return () => {
    if (last === undefined || now() - last.at > TOGETHER) last = { table: source.look(), at: now() };
    return last.table;
  };
}

/** Of this machine. Where there is no `/proc`, everybody is looked at each time. */
export const births: Births =
  process.platform === 'linux'
    ? createBirths({
        lastBirth: readLastBirth,
        listPids,
        read: (pid) => readEntry(pid),
        now: () => systemClock.now(),
      })
    : { look: () => survey.take() };
