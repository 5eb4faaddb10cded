/**
 * Room that is kept for a full disk: a file in the state folder that is given up when nothing else can be written, so
 * that a daemon that has crashed can take its lock again. What that needs is far less.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { errnoOf } from './errors.ts';

/** Bytes. */
const SIZE = 64 * 1024;

const spareIn = (folder: string): string => join(folder, 'spare');

/** Makes the file where it is missing and there is room for it. */
export function keepSpare(folder: string): void {
  const path = spareIn(folder);
  try {
    if (statSync(path, { throwIfNoEntry: false })?.size === SIZE) return;
    // Nothing that a file system could store in less.
    writeFileSync(path, randomBytes(SIZE), { mode: 0o600 });
  } catch {
    // There is no room to keep: half a file would only take what is left.
    rmSync(path, { force: true });
  }
}

/** Runs a step that writes something small beside `path`; where the disk is full, once more without the spare file. */
export function withSpare<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const spare = spareIn(dirname(path));
    const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
    if (!isFull || statSync(spare, { throwIfNoEntry: false }) === undefined) throw error;
    rmSync(spare, { force: true });
    return write();
  }
}
