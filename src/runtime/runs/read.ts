/** Reads what runs have written down, as far as this user has written it. */
import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../lib/errors.ts';
import { checkOwn } from '../../lib/state-entries.ts';
import { parseRun, type Run } from './journal.ts';

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
    return parseRun(await readFile(path, 'utf8'));
  } catch (error) {
    // Ended in this moment: it names nobody.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
