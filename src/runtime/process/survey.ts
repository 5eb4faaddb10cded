/**
 * Looks at the processes of the machine, once for all who ask. A look costs about ten microseconds a process, so two
 * looks keep a distance that grows with what they cost, and none of them holds the event loop for long.
 */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../../lib/clock.ts';
import { createEnvironments, listPids, readEntry } from './proc.ts';
import { listWithPs } from './ps.ts';
import { createTable, type ProcessEntry, type ProcessTable } from './table.ts';

export interface Survey {
  /**
   * Resolves with a table of a look that began after the call; who asks while one waits or goes on shares the next. A
   * look that fails, because no descriptor is free or no process can be started, has found nothing out: another one
   * follows.
   */
  take(): Promise<ProcessTable>;
}

/** A survey that remembers its last look, for what need not be of now. */
export interface KeptSurvey extends Survey {
  /** Resolves with the table of the last look, if that ended no longer ago than so many milliseconds; else as `take`. */
  recent(age: number): Promise<ProcessTable>;
}

export interface SurveyOptions {
  readonly list: () => Promise<ProcessEntry[]>;
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** The pause after a look is this many times as long as the look: looks take a tenth of a core at most. */
const REST = 9;

/** Milliseconds: whoever asks is not left waiting for longer. */
const LONGEST_REST = 250;

/** Milliseconds: looks at very many processes, and answers to very many, come in slices, and the event loop turns in between. */
const SLICE = 20;

/** Milliseconds after a look that failed. */
const AFTER_FAILURE = 100;

export function createSurvey({ list, now, pause: sleep }: SurveyOptions): KeptSurvey {
  let waiting: ((table: ProcessTable) => void)[] = [];
  let isBusy = false;
  let notBefore = 0;
  let last: { readonly table: ProcessTable; readonly at: number } | undefined;

  const look = async (): Promise<void> => {
    const rest = notBefore - now();
    // Whoever asks in this turn of the event loop, or while this one rests, is answered by it as well.
    await (rest > 0 ? sleep(rest) : breathe());
    const asked = waiting;
    waiting = [];
    const began = now();
    const entries = await list().catch(() => undefined);
    if (entries === undefined) {
      waiting.push(...asked);
      notBefore = now() + AFTER_FAILURE;
      return;
    }
    const table = createTable(entries);
    last = { table, at: now() };
    notBefore = now() + Math.min(LONGEST_REST, REST * (now() - began));
    await answer(asked, table);
  };

  /** What follows from an answer runs before the next one is given: at a stop of hundreds, the event loop turns in between. */
  const answer = async (asked: typeof waiting, table: ProcessTable): Promise<void> => {
    let began = now();
    for (const resolve of asked) {
      resolve(table);
      // Two turns of the microtasks: whoever awaits a promise that awaits the answer has it after the second.
      await Promise.resolve();
      await Promise.resolve();
      if (now() - began < SLICE) continue;
      await breathe();
      began = now();
    }
  };

  const work = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) await look();
    isBusy = false;
  };

  const take = (): Promise<ProcessTable> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!isBusy) void work();
    });

  return {
    take,
    recent: async (age) => (last !== undefined && now() - last.at <= age ? last.table : take()),
  };
}

const environments = createEnvironments();

async function listLinux(): Promise<ProcessEntry[]> {
  const entries: ProcessEntry[] = [];
  let began = systemClock.now();
  for (const pid of listPids()) {
    const entry = readEntry(pid, environments);
    if (entry !== undefined) entries.push(entry);
    if (systemClock.now() - began < SLICE) continue;
    await breathe();
    began = systemClock.now();
  }
  environments.turn();
  return entries;
}

async function listProcesses(): Promise<ProcessEntry[]> {
  if (process.platform === 'win32') return [];
  return process.platform === 'linux' ? listLinux() : listWithPs();
}

/** The one survey of this program: a process table is the machine's, whoever looks at it. */
export const survey = createSurvey({ list: listProcesses, now: () => systemClock.now(), pause });
