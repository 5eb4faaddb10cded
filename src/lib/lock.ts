/**
 * An exclusive lock between processes: a file that names its holder (pid + start time). It is made whole and
 * exclusively by `link(2)`, or by `open(2)` with O_EXCL where a file system has no hard links.
 *
 * A lock whose holder is gone is broken by one contender at a time: only who holds the lock `PATH.break` may
 * remove `PATH`, and only after another look. Otherwise a slow contender would remove the lock that a faster
 * one has just made. The breaker's lock is an ordinary lock, so it can be broken the same way.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from './clock.ts';
import { withDescriptor } from './descriptors.ts';
import { PortrampError, errnoOf } from './errors.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import { withSpare } from './spare.ts';
import { readStateFileSync } from './state-file.ts';

export interface Lock {
  readonly path: string;
  /** False when somebody removed or replaced the file. */
  isHeld(): boolean;
  /** Removes the file if it is still this lock's. Safe to call again. */
  release(): void;
}

/** Content that names nobody is a writer at work, until this process has seen it unchanged for so long (milliseconds). */
const GARBAGE_AGE = 1_000;

/**
 * Garbage that this process has seen, by path. How old it is by the date says nothing: the date may have been set since,
 * and a file system of another machine has a date of its own.
 */
const garbage = new Map<string, { readonly stamp: string; readonly since: number }>();

const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Waits for the lock, at most `timeout` milliseconds.
 * @throws PortrampError TIMEOUT, naming the holder; system errors other than "exists" as they are.
 */
export async function acquireLock(path: string, options: { readonly timeout: number }): Promise<Lock> {
  const deadline = systemClock.now() + options.timeout;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== undefined) return lock;
    if (systemClock.now() >= deadline) throw heldError(path);
    // Jitter: contenders that started together do not stay in step.
    await pause(5 + Math.random() * 35);
  }
}

/**
 * Takes the lock if it is free or its holder is gone; undefined when a live process holds it, or when its content names
 * nobody and was not seen for a second: then another try decides.
 */
export function tryLock(path: string): Lock | undefined {
  const self = identityOf(process.pid);
  if (self === undefined) throw new PortrampError('INTERNAL', 'cannot read the start time of this process');
  // The random part tells two locks of one process apart.
  const text = `${JSON.stringify({ ...self, token: randomBytes(8).toString('hex') })}\n`;
  const take = (): boolean => withSpare(path, () => create(path, text));
  if (!take()) {
    if (!isStale(path) || !breakStale(path) || !take()) return undefined;
  }
  garbage.delete(path);
  return {
    path,
    isHeld: () => read(path) === text,
    release: () => {
      if (read(path) === text) rmSync(path, { force: true });
    },
  };
}

/** Who holds the lock now; undefined when nobody does, or only a process that is gone. */
export function lockHolder(path: string): ProcessIdentity | undefined {
  const holder = parseHolder(read(path));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

function create(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    withDescriptor(() => writeFileSync(draft, text, { flag: 'wx', mode: 0o600 }));
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    if (NO_HARD_LINKS.includes(errnoOf(error) ?? '')) return createInPlace(path, text);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function createInPlace(path: string, text: string): boolean {
  try {
    withDescriptor(() => writeFileSync(path, text, { flag: 'wx', mode: 0o600 }));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** True when the path is free now. */
function breakStale(path: string): boolean {
  const breaker = tryLock(`${path}.break`);
  if (breaker === undefined) return false;
  try {
    if (!isStale(path)) return false;
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  } finally {
    breaker.release();
  }
}

function isStale(path: string): boolean {
  const text = read(path);
  if (text === undefined) return false;
  const holder = parseHolder(text);
  if (holder !== undefined) return !isAlive(holder);
  return isOldGarbage(path, text);
}

function isOldGarbage(path: string, text: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  const stamp = `${stats.ino} ${stats.mtimeMs} ${text}`;
  const seen = garbage.get(path);
  if (seen?.stamp === stamp) return systemClock.now() - seen.since > GARBAGE_AGE;
  garbage.set(path, { stamp, since: systemClock.now() });
  return false;
}

const read = (path: string): string | undefined => withDescriptor(() => readStateFileSync(path));

function parseHolder(text: string | undefined): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) {
      return undefined;
    }
    const { pid, startTime } = value;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
    return typeof startTime === 'string' ? { pid, startTime } : undefined;
  } catch {
    return undefined;
  }
}

function heldError(path: string): PortrampError {
  const holder = lockHolder(path);
  const who = holder === undefined ? 'somebody' : `process ${holder.pid}`;
  return new PortrampError('TIMEOUT', `${path} is still locked by ${who}`, {
    hint: holder === undefined ? 'try again' : `wait for it, or end it with "kill ${holder.pid}"`,
  });
}
