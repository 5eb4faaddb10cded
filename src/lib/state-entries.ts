/** What portramp keeps in its state folder: whose it is, and what stands in its place. */
import { chmod, lstat, rename } from 'node:fs/promises';
import type { Stats } from 'node:fs';

import { today } from './clock.ts';
import { PortrampError, errnoOf, messageOf } from './errors.ts';
import type { Home } from './home.ts';
import { kindOf, oddEntry } from './state-file.ts';

/** What an entry of the state folder is when portramp has made it. */
type Kind = 'file' | 'folder' | 'socket';

export interface Entry {
  readonly path: string;
  readonly kind: Kind;
}

/** What portramp writes there. `config.yaml` is the user's, who may keep it elsewhere and link to it. */
export const entriesOf = (home: Home): Entry[] => [
  ...[home.lock, home.spawnLock, home.ledger, home.front, home.daemonLog].map((path): Entry => ({
    path,
    kind: 'file',
  })),
  ...[home.versions, home.logs, home.tasks, home.runs, home.runners].map((path): Entry => ({
    path,
    kind: 'folder',
  })),
  ...(process.platform === 'win32' ? [] : [{ path: home.socket, kind: 'socket' } as const]),
];

/**
 * Makes entries of the state folder usable: what is ours and closed to ourselves is opened, and what is of
 * another kind (a folder or a named pipe in the place of a file) is renamed to `NAME.aside-TIME`, so that nothing of it
 * is lost.
 * @returns One sentence for each entry that was set aside.
 * @throws PortrampError STATE_FOLDER for a link or an entry of another user, which is never touched.
 */
export async function settleEntries(entries: readonly Entry[], now: () => Date = today): Promise<string[]> {
  const notices: string[] = [];
  for (const entry of entries) {
    const stats = await checkOwn(entry.path);
    if (stats === undefined) continue;
    if (isOfKind(stats, entry.kind)) await openToOwner(entry, stats);
    else notices.push(await setAside(entry, stats, now()));
  }
  return notices;
}

/**
 * Refuses an entry through which somebody else could have us read or write: a link, or one of another user.
 * @returns What `lstat` says of it; undefined when there is none.
 * @throws PortrampError STATE_FOLDER
 */
export async function checkOwn(path: string): Promise<Stats | undefined> {
  const stats = await lookAt(path);
  if (stats === undefined) return undefined;
  const refuse = (what: string): never => {
    throw oddEntry(`${path} ${what}`, path);
  };
  if (stats.isSymbolicLink()) return refuse('is a symbolic link');
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== user) {
    return refuse(`belongs to user ${stats.uid}, not to you (${user})`);
  }
  return stats;
}

/**
 * Looks at an entry without following it; undefined when there is none.
 * @throws PortrampError STATE_FOLDER
 */
export async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new PortrampError('STATE_FOLDER', `cannot look at ${path}: ${messageOf(error)}`, {
      hint: 'set PORTRAMP_HOME to a folder that you may read',
      cause: error,
    });
  }
}

function isOfKind(stats: Stats, kind: Kind): boolean {
  if (kind === 'folder') return stats.isDirectory();
  // A file in the place of a socket is what a dead daemon leaves on some systems: whoever listens next replaces it.
  return kind === 'socket' ? !stats.isDirectory() : stats.isFile();
}

/** Gives its owner back what a mode takes away (a copy from a read-only medium, an `umask` of 0777). */
export async function openToOwner({ path, kind }: Entry, { mode }: Stats): Promise<void> {
  const needed = kind === 'folder' ? 0o700 : 0o600;
  if (process.platform === 'win32' || kind === 'socket' || (mode & needed) === needed) return;
  await chmod(path, (mode & 0o777) | needed);
}

async function setAside({ path, kind }: Entry, stats: Stats, now: Date): Promise<string> {
  const aside = `${path}.aside-${now.toISOString().replaceAll(':', '-')}`;
  await rename(path, aside);
  const what = kind === 'folder' ? 'was not a folder' : `was ${kindOf(stats)}`;
  return `${path} ${what} and was set aside as ${aside}`;
}
