/**
 * The private copy of the package that a daemon runs from: the daemon outlives the checkout whose
 * `node_modules` it came from, and a reinstallation there must not change a running program.
 */
import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PortrampError, errnoOf } from '../lib/errors.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../lib/process-identity.ts';

export const DAEMON_ENTRY = 'daemon.js';

/** Names the process that runs from a copy. */
const USER_FILE = 'in-use.json';

/** A copy that nobody runs from yet may be about to be used (milliseconds). */
const SETTLING = 60_000;

/** Copies the bundle into `versions/VERSION-HASH`, unless it is there; returns that folder. */
export async function copyBundle(bundle: string, versions: string, version: string): Promise<string> {
  const names = await listBundle(bundle);
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(bundle, name)));
  const label = version.replace(/[^\w.+-]/g, '_');
  const copy = join(versions, `${label}-${hash.digest('hex').slice(0, 16)}`);
  if (await isFolder(copy)) return copy;
  await mkdir(versions, { recursive: true, mode: 0o700 });
  const draft = join(versions, `.draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(draft, { mode: 0o700 });
    for (const name of names) await cp(join(bundle, name), join(draft, name));
    await writeFile(join(draft, 'package.json'), '{ "type": "module" }\n');
    await rename(draft, copy);
  } catch (error) {
    // Another starter was faster: the name holds a hash of the content, so its copy is the same.
    if (!(await isFolder(copy))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}

/** Says that this process runs from the copy. */
export async function markInUse(copy: string): Promise<void> {
  await writeFile(join(copy, USER_FILE), `${JSON.stringify(identityOf(process.pid))}\n`);
}

/** Removes the copies that no process runs from, but for `keep`. Returns their names. */
export async function removeOldCopies(versions: string, keep: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(versions).catch(() => [])) {
    const copy = join(versions, name);
    if (copy === keep || (await isInUse(copy))) continue;
    await rm(copy, { recursive: true, force: true });
    removed.push(name);
  }
  return removed;
}

async function isInUse(copy: string): Promise<boolean> {
  try {
    const user = JSON.parse(await readFile(join(copy, USER_FILE), 'utf8')) as Partial<ProcessIdentity>;
    const { pid, startTime } = user;
    return pid !== undefined && startTime !== undefined && isAlive({ pid, startTime });
  } catch {
    const made = await stat(copy).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs < SETTLING;
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

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
