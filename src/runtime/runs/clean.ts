/** Finds runs whose runner is gone, and ends what is left of them. */
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isAlive, type ProcessIdentity } from '../../lib/process-identity.ts';
import { endAll } from '../process/end-all.ts';
import { trackRemains } from '../process/remains.ts';
import type { Run } from './record.ts';

export interface CleanedRun {
  readonly root: string;
  readonly environment: string;
  /** Processes that were there, and that could not be ended. */
  readonly found: number;
  readonly left: number;
}

/** A run whose runner lives is left alone; so is a file that is no record. */
export async function cleanRuns(folder: string): Promise<CleanedRun[]> {
  const names = await readdir(folder).catch(() => []);
  const cleaned: CleanedRun[] = [];
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const path = join(folder, name);
    const run = await readRun(path);
    if (run === undefined || isAlive(run.runner)) continue;
    const ended = await endAll(
      run.leaders.map((leader) => trackRemains(leader)),
      `${run.id}.`,
    );
    if (ended.left === 0) await rm(path, { force: true });
    if (ended.found > 0) cleaned.push({ root: run.root, environment: run.environment, ...ended });
  }
  return cleaned;
}

async function readRun(path: string): Promise<Run | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRun(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  'startTime' in value &&
  typeof value.startTime === 'string';

function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null) return false;
  const { id, root, environment, runner, leaders } = value as Record<string, unknown>;
  return (
    // It becomes part of a marker that is searched for: nothing short, or it would fit strangers.
    typeof id === 'string' &&
    /^[0-9a-f]{12}$/.test(id) &&
    typeof root === 'string' &&
    typeof environment === 'string' &&
    isIdentity(runner) &&
    Array.isArray(leaders) &&
    leaders.every(isIdentity)
  );
}
