/**
 * Reads files of the state folder, in whose place anything may stand: a named pipe would hold its reader up for ever
 * (fifo(7)), and a flood of bytes fill the memory.
 */
import { accessSync, constants, lstatSync, readFileSync, statSync, type Stats } from 'node:fs';
import { readFile, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { PortrampError, errnoOf, messageOf } from './errors.ts';
import { shellWord } from './shell-word.ts';
import { describeSystemError } from './system-error.ts';

/** Bytes. No file that is read as a whole comes near this. */
const MOST = 16 * 1024 * 1024;

/**
 * Reads a file as text; undefined when there is none.
 * @throws PortrampError STATE_FOLDER for what is no file, or far too long; the system's error as it is.
 */
export async function readStateFile(path: string): Promise<string | undefined> {
  try {
    checkReadable(path, await stat(path));
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Does the same at once. @throws as `readStateFile` does */
export function readStateFileSync(path: string): string | undefined {
  try {
    checkReadable(path, statSync(path));
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function checkReadable(path: string, stats: Stats): void {
  if (!stats.isFile()) throw otherKind('cannot read', path, stats);
  if (stats.size <= MOST) return;
  throw oddEntry(`cannot read ${path}: it has ${stats.size} bytes, more than any file of portramp's`, path);
}

const otherKind = (what: string, path: string, stats: Stats): PortrampError =>
  oddEntry(`${what} ${path}: it is ${kindOf(stats)}, not a file`, path);

/**
 * Closes what was opened when it is no file.
 * @param what "cannot read", "cannot write"
 * @throws PortrampError STATE_FOLDER
 */
export async function refuseOtherKinds(what: string, path: string, file: FileHandle): Promise<void> {
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw otherKind(what, path, stats);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Names what an entry is, with its article. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return stats.isFile() ? 'a file' : 'a device';
}

/** Says of what stands in the place of something of portramp's how to move it away, under a name that nothing has yet. */
export const oddEntry = (message: string, path: string, cause?: unknown): PortrampError =>
  new PortrampError('STATE_FOLDER', message, {
    hint: `look at it, then move it away: mv ${shellWord(path)} ${shellWord(freeName(path))}`,
    cause,
  });

/** A name beside the path that nothing has yet: `PATH.aside`, `PATH.aside-2` … */
function freeName(path: string): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${path}.aside` : `${path}.aside-${count}`;
    if (lookAt(name) === undefined) return name;
  }
}

/** Looks at an entry itself, not at what a link leads to; undefined where there is none, or none can be seen. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Codes of the system where another kind of entry stands in the place of a file or a folder: to be moved away. */
const OF_OTHER_KIND = ['EISDIR', 'ENOTDIR', 'ELOOP', 'ENXIO'];

/**
 * Says what was not possible with one entry of the state folder, and what to type.
 * @param what "cannot read", "cannot remove"
 */
export function describeEntryError(what: string, path: string, error: unknown): PortrampError {
  if (error instanceof PortrampError) return error;
  const message = `${what} ${path}: ${messageOf(error)}`;
  const code = errnoOf(error) ?? '';
  if (['EACCES', 'EPERM'].includes(code)) {
    return new PortrampError('STATE_FOLDER', message, {
      hint: `open it to yourself: chmod -R u+rwX ${shellWord(findClosed(path))}`,
      cause: error,
    });
  }
  const hint = describeSystemError(error)?.hint;
  if (hint === undefined || OF_OTHER_KIND.includes(code)) return oddEntry(message, findOdd(path), error);
  return new PortrampError('STATE_FOLDER', message, { hint, cause: error });
}

/** Finds what of a path is closed to its owner: the path itself, or the uppermost own folder above it that is. */
function findClosed(path: string): string {
  const above = dirname(path);
  if (above === path) return path;
  try {
    if (statSync(above).uid !== process.getuid?.()) return path;
    accessSync(above, constants.W_OK | constants.X_OK);
    lstatSync(path);
    return path;
  } catch {
    return findClosed(above);
  }
}

/** Finds what of a path is no folder although something should be in it, else the path itself. */
function findOdd(path: string): string {
  const above = dirname(path);
  const stats = lookAt(path);
  return stats !== undefined || above === path ? path : findOdd(above);
}

/** One line for where no other line may follow. */
export const inOneLine = ({ message, hint }: Pick<PortrampError, 'message' | 'hint'>): string =>
  hint === undefined ? message : `${message} (${hint})`;
