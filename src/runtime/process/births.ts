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
   * Gives who is there: with the parent and the group that it had when it was first seen. The same table as before
   * while nobody was born; undefined when that cannot be told now.
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
const AFRESH = 60_000;

export function createBirths(options: BirthsOptions): Births {
  let known = new Map<number, ProcessEntry>();
  let table: ProcessTable | undefined;
  let last: number | undefined;
  let afreshAt = -Infinity;

  const look = (): ProcessTable => {
    const newest = options.lastBirth();
    const isDue = options.now() >= afreshAt;
    if (table !== undefined && !isDue && newest !== undefined && newest === last) return table;
    // Numbers that start from the beginning may be those of others who are gone.
    const isAfresh = isDue || newest === undefined || last === undefined || newest < last;
    const next = new Map<number, ProcessEntry>();
    for (const pid of options.listPids()) {
      const entry = (isAfresh ? undefined : known.get(pid)) ?? options.read(pid);
      if (entry !== undefined) next.set(pid, entry);
    }
    known = next;
    last = newest;
    if (isAfresh) afreshAt = options.now() + AFRESH;
    table = createTable(known.values());
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
