/** Reads what runs have written down, as far as this user has written it. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf, type PortrampError } from '../../lib/errors.ts';
import { checkOwn, openToOwner } from '../../lib/state-entries.ts';
import { describeEntryError, readStateFile } from '../../lib/state-file.ts';
import { parseRun, type Run } from './journal.ts';

export interface RecordedRun {
  /** The file of the record. */
  readonly path: string;
  readonly run: Run;
}

export interface RecordedRuns {
  readonly runs: readonly RecordedRun[];
  /** For each record that could not be read: what it says of its run is not known, and it stays where it is. */
  readonly problems: readonly PortrampError[];
}

/**
 * Reads all records; a file that is none, a link, or another user's is left alone: what a record names is ended.
 * @throws PortrampError STATE_FOLDER when the folder is a link, belongs to somebody else, or cannot be read.
 */
export async function readRuns(folder: string): Promise<RecordedRuns> {
  const runs: RecordedRun[] = [];
  const problems: PortrampError[] = [];
  for (const name of await listRecords(folder)) {
    const path = join(folder, name);
    try {
      const run = await readRun(path);
      if (run !== undefined && name === `${run.id}.json`) runs.push({ path, run });
    } catch (error) {
      problems.push(describeEntryError('cannot read', path, error));
    }
  }
  return { runs, problems };
}

async function listRecords(folder: string): Promise<string[]> {
  const stats = await checkOwn(folder);
  if (stats === undefined) return [];
  try {
    if (stats.isDirectory()) await openToOwner({ path: folder, kind: 'folder' }, stats);
    return (await readdir(folder)).filter((name) => name.endsWith('.json'));
  } catch (error) {
    throw describeEntryError('cannot read', folder, error);
  }
}

async function readRun(path: string): Promise<Run | undefined> {
  try {
    const stats = await lstat(path);
    const isOwn = process.getuid === undefined || stats.uid === process.getuid();
    // Nobody else may have written into it either.
    const isClosed = process.platform === 'win32' || (stats.mode & 0o022) === 0;
    if (!stats.isFile() || !isOwn || !isClosed) return undefined;
    await openToOwner({ path, kind: 'file' }, stats);
    return parseRun((await readStateFile(path)) ?? '');
  } catch (error) {
    // Ended in this moment: it names nobody.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
