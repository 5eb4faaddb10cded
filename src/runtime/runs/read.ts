/** Reads what runs have written down, as far as this user has written it. */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../lib/errors.ts';
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { checkOwn } from '../../lib/state-entries.ts';
import type { Run } from './record.ts';

export interface RecordedRun {
  /** The file of the record. */
  readonly path: string;
  readonly run: Run;
}

/**
 * Reads all records; a file that is none, a link, or another user's is left alone: what a record names is ended.
 * @throws PortrampError STATE_FOLDER when the folder is a link or belongs to somebody else.
 */
export async function readRuns(folder: string): Promise<RecordedRun[]> {
  if ((await checkOwn(folder)) === undefined) return [];
  const runs: RecordedRun[] = [];
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.json'))) {
    const path = join(folder, name);
    const run = await readRun(path);
    if (run !== undefined && name === `${run.id}.json`) runs.push({ path, run });
  }
  return runs;
}

async function readRun(path: string): Promise<Run | undefined> {
  try {
    const stats = await lstat(path);
    const isOwn = process.getuid === undefined || stats.uid === process.getuid();
    // Nobody else may have written into it either.
    const isClosed = process.platform === 'win32' || (stats.mode & 0o022) === 0;
    if (!stats.isFile() || !isOwn || !isClosed) return undefined;
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRun(value) ? value : undefined;
  } catch (error) {
    // Ended in this moment, or damaged: it names nobody.
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  Number.isInteger(value.pid) &&
  value.pid > 1 &&
  'startTime' in value &&
  typeof value.startTime === 'string';

function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null) return false;
  const { id, root, environment, runner, leaders, boot } = value as Record<string, unknown>;
  return (
    // It becomes part of a marker that is searched for: nothing short, or it would fit strangers.
    typeof id === 'string' &&
    /^[0-9a-f]{12}$/.test(id) &&
    typeof root === 'string' &&
    typeof environment === 'string' &&
    isIdentity(runner) &&
    Array.isArray(leaders) &&
    leaders.every(isIdentity) &&
    (boot === undefined || typeof boot === 'string')
  );
}
