/**
 * The private copy of the package that a daemon runs from: the daemon outlives the checkout whose
 * `node_modules` it came from, and a reinstallation there must not change a running program.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../lib/clock.ts';
import { writeFileAtomic } from '../lib/atomic-write.ts';
import { PortrampError } from '../lib/errors.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../lib/process-identity.ts';
import { readStateFile } from '../lib/state-file.ts';

export const DAEMON_ENTRY = 'daemon.js';

/** Names the process that runs from a copy. */
const USER_FILE = 'in-use.json';

/** A copy that nobody runs from yet may be about to be used (milliseconds). */
const SETTLING = 60_000;

/** Makes the files of a copy modules: there is no package.json of ours above them. */
const MANIFEST = '{ "type": "module" }\n';

/**
 * Copies the bundle into `versions/VERSION-HASH`; returns that folder. A copy that is there is used when its files
 * still have the content that its name says; a damaged one (a power cut, a cleaner of old files) is made again.
 * The caller holds the start lock.
 */
export async function copyBundle(bundle: string, versions: string, version: string): Promise<string> {
  const names = await listBundle(bundle);
  const content = await digestOf(bundle, names);
  const label = version.replace(/[^\w.+-]/g, '_');
  const copy = join(versions, `${label}-${content.slice(0, 16)}`);
  const isWhole = (): Promise<boolean> => holdsBundle(copy, names, content);
  if (await isWhole()) return copy;
  await mkdir(versions, { recursive: true, mode: 0o700 });
  const draft = join(versions, `.draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(draft, { mode: 0o700 });
    for (const name of names) await cp(join(bundle, name), join(draft, name));
    await writeFile(join(draft, 'package.json'), MANIFEST);
    await removeCopy(copy);
    await rename(draft, copy);
  } catch (error) {
    // Another starter was faster: the name holds a hash of the content, so its copy is the same.
    if (!(await isWhole())) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

/** The hash of the names and the content of these files. */
async function digestOf(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.digest('hex');
}

/** Whatever keeps the copy from being read makes it worthless: it is made again from the bundle. */
async function holdsBundle(copy: string, names: readonly string[], content: string): Promise<boolean> {
  try {
    if (!(await lstat(copy)).isDirectory()) return false;
    if ((await readStateFile(join(copy, 'package.json'))) !== MANIFEST) return false;
    const kinds = await Promise.all(names.map((name) => lstat(join(copy, name))));
    if (!kinds.every((stats) => stats.isFile())) return false;
    return (await digestOf(copy, names)) === content;
  } catch {
    return false;
  }
}

/** Says that this process runs from the copy. */
export async function markInUse(copy: string): Promise<void> {
  await writeFileAtomic(join(copy, USER_FILE), `${JSON.stringify(identityOf(process.pid))}\n`);
}

/** Removes the copies that no process runs from, but for `keep`. Returns their names. */
export async function removeOldCopies(versions: string, keep: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(versions).catch(() => [])) {
    const copy = join(versions, name);
    if (copy === keep || (await isInUse(copy))) continue;
    await removeCopy(copy);
    removed.push(name);
  }
  return removed;
}

/** Removes a copy, also one whose folder has lost the permissions that this needs. */
async function removeCopy(copy: string): Promise<void> {
  const stats = await lstat(copy).catch(() => undefined);
  // Not through a link. A folder of another user stays as it is, and the removal says so.
  if (stats?.isDirectory() === true) await chmod(copy, 0o700).catch(() => undefined);
  await rm(copy, { recursive: true, force: true });
}

async function isInUse(copy: string): Promise<boolean> {
  try {
    const user = JSON.parse((await readStateFile(join(copy, USER_FILE))) ?? '') as Partial<ProcessIdentity>;
    const { pid, startTime } = user;
    return pid !== undefined && startTime !== undefined && isAlive({ pid, startTime });
  } catch {
    const made = await stat(copy).catch(() => undefined);
    return made !== undefined && systemClock.wallTime() - made.mtimeMs < SETTLING;
  }
}

async function listBundle(bundle: string): Promise<string[]> {
  const entries = await readdir(bundle, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  if (!names.includes(DAEMON_ENTRY)) {
    throw new PortrampError('DAEMON_UNREACHABLE', `${join(bundle, DAEMON_ENTRY)} is missing`, {
      hint: 'this installation of portramp is incomplete: install it again ("npm run build" in its own repository)',
    });
  }
  return names.sort();
}
