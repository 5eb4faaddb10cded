/** Finds runs whose runner is gone, and ends what is left of them. */
import { rm } from 'node:fs/promises';

import type { Belonging } from '../../lib/holder.ts';
import type { PortrampError } from '../../lib/errors.ts';
import { isAlive } from '../../lib/process-identity.ts';
import { describeEntryError } from '../../lib/state-file.ts';
import { endAll } from '../process/end-all.ts';
import { trackRemains } from '../process/remains.ts';
import { survey } from '../process/survey.ts';
import { bootId } from './boot.ts';
import type { Run } from './journal.ts';
import { readRuns } from './read.ts';

export interface CleanedRun {
  readonly root: string;
  readonly environment: string;
  /** Processes that were there, and that could not be ended. */
  readonly found: number;
  readonly left: number;
}

export interface CleanedRuns {
  readonly cleaned: readonly CleanedRun[];
  /** For each record that could not be read or removed: what it names may run on. */
  readonly problems: readonly PortrampError[];
}

/** The stack whose runs are meant. */
export type RunOwner = Pick<Run, 'root' | 'environment'>;

/**
 * Ends what is left of runs whose runner is gone: of one stack, or of all. A run whose runner lives is left alone; so is
 * a file that is no record of this user's.
 * @throws PortrampError STATE_FOLDER when the folder is a link or belongs to somebody else.
 */
export async function cleanRuns(folder: string, owner?: RunOwner): Promise<CleanedRuns> {
  const cleaned: CleanedRun[] = [];
  const read = await readRuns(folder);
  const problems = [...read.problems];
  for (const { path, run } of read.runs) {
    if (owner !== undefined && !isOf(run, owner)) continue;
    if (isOfThisBoot(run)) {
      if (isAlive(run.runner)) continue;
      const { found, left } = await endAll(
        leadersOf(run).map((leader) => trackRemains(leader)),
        `${run.id}.`,
      );
      if (found > 0) cleaned.push({ root: run.root, environment: run.environment, found, left });
      if (left > 0) continue;
    }
    await rm(path, { force: true }).catch((error: unknown) => {
      problems.push(describeEntryError('cannot remove', path, error));
    });
  }
  return { cleaned, problems };
}

export interface LiveRuns {
  readonly live: readonly Run[];
  /** For each record that could not be read: its run may go on. */
  readonly problems: readonly PortrampError[];
}

/** Finds the runs that go on, whether or not a daemon knows of them. */
export async function listLiveRuns(folder: string): Promise<LiveRuns> {
  const { runs, problems } = await readRuns(folder);
  const live = runs.map(({ run }) => run).filter((run) => isOfThisBoot(run) && isAlive(run.runner));
  return { live, problems };
}

/**
 * Says of a process which stack's it is: `left` of a run whose runner is gone, part of one that is `live` (its runner
 * included), or of none that is written down.
 */
export async function belongingOf(folder: string, pid: number): Promise<Belonging | undefined> {
  const runs = (await readRuns(folder)).runs.map(({ run }) => run).filter(isOfThisBoot);
  if (runs.length === 0) return undefined;
  const table = await survey.take();
  const mine = runs.filter((run) => {
    const family = [
      ...table.carriersOf(`${run.id}.`),
      ...leadersOf(run).flatMap((leader) => trackRemains(leader).look(table)),
    ];
    return run.runner.pid === pid || family.some((entry) => entry.pid === pid);
  });
  const states = mine.map((run): Belonging => (isAlive(run.runner) ? 'live' : 'left'));
  // Marks are passed on: a stack that was started within a service of another is the inner one's as long as that lives.
  return states.find((state) => state === 'live') ?? states[0];
}

const isOf = (run: Run, { root, environment }: RunOwner): boolean =>
  run.root === root && run.environment === environment;

function isOfThisBoot({ boot }: Run): boolean {
  const now = bootId();
  return boot === undefined || now === undefined || boot === now;
}

/** On Linux start times are numbers: nobody has started what was there before. */
function leadersOf({ leaders, runner }: Run): Run['leaders'] {
  if (process.platform !== 'linux') return leaders;
  return leaders.filter(({ startTime }) => Number(startTime) >= Number(runner.startTime));
}
