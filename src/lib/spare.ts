/**
 * Room that is kept for a full disk: a file in the state folder that is given up when nothing else can be written, so
 * that a daemon that has crashed can take its lock again. What that needs is far less.
 */
import { randomBytes } from 'node:crypto';
import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Clock } from './clock.ts';
import { errnoOf } from './errors.ts';

/** Bytes. */
const SIZE = 64 * 1024;

/** Between two attempts on a disk that has no room for the file. Milliseconds. */
const RETRY = 10_000;

const spareIn = (folder: string): string => join(folder, 'spare');

/**
 * Makes the file where it is missing, as soon as there is room for it: who was started on a full disk has given it up,
 * and the disk may be full again at the next crash. Costs nothing once the file is there.
 */
export function keepSpare(folder: string, clock: Clock): void {
  if (!makeSpare(spareIn(folder))) clock.after(RETRY, () => keepSpare(folder, clock));
}

/** Says whether nothing is left to be done: what else stands in the place of the file stays, and nobody depends on the room. */
function makeSpare(path: string): boolean {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && (!stats.isFile() || stats.size === SIZE)) return true;
    rmSync(path, { force: true });
    // Through no link, and nothing that a file system could store in less.
    writeFileSync(path, randomBytes(SIZE), { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    removeHalf(path);
    return false;
  }
}

/** There is no room to keep: half a file would only take what is left. */
function removeHalf(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is no folder any more: there is nothing to remove either.
  }
}

/** Runs a step that writes something small beside `path`; where the disk is full, once more without the spare file. */
export function withSpare<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const spare = spareIn(dirname(path));
    const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
    if (!isFull || lstatSync(spare, { throwIfNoEntry: false })?.isFile() !== true) throw error;
    rmSync(spare, { force: true });
    return write();
  }
}
