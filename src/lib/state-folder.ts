import { access, chmod, constants } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, sep } from 'node:path';

import { PortrampError, errnoOf, messageOf } from './errors.ts';
import type { Home } from './home.ts';
import { makeFolder } from './make-folder.ts';
import { entriesOf, lookAt, settleEntries } from './state-entries.ts';

/**
 * Makes the state folder (and the socket's, where that is another one): of this user, closed to all others
 * (mode 0700).
 * @returns What a person should know: entries that were set aside because they are of another kind.
 * @throws PortrampError STATE_FOLDER for a folder that belongs to somebody else, a link or an ordinary file; also
 * when one of portramp's own files in it does, or is a link.
 */
export async function prepareStateFolder(home: Home): Promise<string[]> {
  for (const folder of foldersOf(home)) {
    try {
      await makeFolder(folder, 0o700);
    } catch (error) {
      // A link or a file in its place gets the better message below.
      if (errnoOf(error) !== 'EEXIST') {
        throw new PortrampError('STATE_FOLDER', `cannot make ${folder}: ${messageOf(error)}`, {
          hint: 'set PORTRAMP_HOME to a folder that you may write to',
          cause: error,
        });
      }
    }
    const stats = await checkFolder(folder);
    if (stats !== undefined && process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
      await chmod(folder, 0o700);
    }
    await checkWritable(folder);
  }
  return settleEntries(entriesOf(home));
}

/**
 * Refuses folders in which somebody else could put a socket for us to talk to. Missing ones are fine.
 * @throws PortrampError STATE_FOLDER
 */
export async function checkStateFolder(home: Home): Promise<void> {
  for (const folder of foldersOf(home)) await checkFolder(folder);
}

/**
 * Refuses a folder that this user cannot write to, or that is missing and cannot be made.
 * @throws PortrampError STATE_FOLDER
 */
export async function checkWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const parent = dirname(folder);
    if (errnoOf(error) === 'ENOENT' && parent !== folder) return checkWritable(parent);
    throw unusable(folder, error);
  }
}

const HINTS: Partial<Record<string, string>> = {
  ENOSPC: 'make room on that disk, or set PORTRAMP_HOME to a folder on another one',
  EDQUOT: 'make room on that disk, or set PORTRAMP_HOME to a folder on another one',
};

const REFUSALS = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR'];

/**
 * Gives a system error about something in the state folder in words; undefined for every other error.
 * @param unnamed Where it happened when the system names no path, as for a write to a file that is open.
 */
export function describeStateError(error: unknown, home: Home, unnamed?: string): PortrampError | undefined {
  if (!(error instanceof Error) || !REFUSALS.includes(errnoOf(error) ?? '')) return undefined;
  const { dest, path = unnamed } = error as { readonly dest?: unknown; readonly path?: unknown };
  const place = dest ?? path;
  const isOurs = foldersOf(home).some(
    (folder) => typeof place === 'string' && (place === folder || place.startsWith(folder + sep)),
  );
  return isOurs ? unusable(home.root, error) : undefined;
}

const unusable = (folder: string, error: unknown): PortrampError =>
  new PortrampError('STATE_FOLDER', `cannot write to ${folder}: ${messageOf(error)}`, {
    hint: HINTS[errnoOf(error) ?? ''] ?? 'set PORTRAMP_HOME to a folder that you may write to',
    cause: error,
  });

const foldersOf = (home: Home): string[] =>
  home.socketFolder === undefined ? [home.root] : [home.root, home.socketFolder];

async function checkFolder(folder: string): Promise<Stats | undefined> {
  const stats = await lookAt(folder);
  if (stats === undefined) return undefined;
  const hint = 'set PORTRAMP_HOME to a folder of your own';
  if (stats.isSymbolicLink()) {
    throw new PortrampError('STATE_FOLDER', `${folder} is a symbolic link`, {
      hint: 'set PORTRAMP_HOME to the folder that it leads to',
    });
  }
  if (!stats.isDirectory()) throw new PortrampError('STATE_FOLDER', `${folder} is not a folder`, { hint });
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw new PortrampError('STATE_FOLDER', `${folder} belongs to user ${stats.uid}, not to you (${user})`, {
      hint,
    });
  }
  return stats;
}
