/**
 * One runner a stack, also while no daemon knows of it: a daemon that has just started would take a second runner for
 * the first, and both would start what has the same numbers.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { PortrampError } from '../../lib/errors.ts';
import { sha256 } from '../../lib/hash.ts';
import { acquireLock, lockHolder, tryLock, type Lock } from '../../lib/lock.ts';
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { Entry } from '../../lib/state-entries.ts';
import type { RunOwner } from './clean.ts';

/**
 * Takes the place of the stack's runner.
 * @throws PortrampError STACK_RUNNING when a process that lives has it
 */
export async function lockStack(folder: string, stack: RunOwner): Promise<Lock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = pathOf(folder, stack);
  const lock = tryLock(path) ?? (await waitForGarbage(path));
  if (lock !== undefined) return lock;
  const pid = runnerOf(folder, stack)?.pid;
  throw new PortrampError('STACK_RUNNING', `${stack.root} is run by process ${pid ?? '?'} already`, {
    hint: '"portramp logs -f" shows it, "portramp down" stops it',
  });
}

/** Milliseconds: content that names nobody is not believed for longer. */
const PATIENCE = 3_000;

/** A lock that names nobody is a damaged one, or a writer at work: which of them, a moment tells. */
async function waitForGarbage(path: string): Promise<Lock | undefined> {
  if (lockHolder(path) !== undefined) return undefined;
  return acquireLock(path, { timeout: PATIENCE }).catch((error: unknown) => {
    if (error instanceof PortrampError && error.code === 'TIMEOUT') return undefined;
    throw error;
  });
}

/** Finds the process that runs the stack, whether or not a daemon knows of it; undefined when none does. */
export const runnerOf = (folder: string, stack: RunOwner): ProcessIdentity | undefined =>
  lockHolder(pathOf(folder, stack));

/** The entries of the state folder that a place is made of. */
export const placeOf = (folder: string, stack: RunOwner): Entry[] => [
  { path: folder, kind: 'folder' },
  { path: pathOf(folder, stack), kind: 'file' },
];

const pathOf = (folder: string, { root, environment }: RunOwner): string =>
  join(folder, `${sha256(`${root}\0${environment}`).slice(0, 16)}.lock`);
