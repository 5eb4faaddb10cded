/**
 * Whether the state folder is still this daemon's. A daemon whose socket was removed or replaced can be reached by
 * nobody. It must not close its server either: that would remove the winner's path.
 */
import { statSync } from 'node:fs';

import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Lock } from '../lib/lock.ts';

/** Between two looks: each wakes up a process that has nothing to do. Milliseconds. */
const INTERVAL = 3_000;

export interface OwnershipOptions {
  readonly clock: Clock;
  /** Says what was seen to be another's; undefined where all is well. @throws when it cannot be seen */
  readonly look: () => string | undefined;
  readonly log: (line: string) => void;
  /** Called once, when the socket's path or the lock was seen to be another's. */
  readonly onDisplaced: () => void;
}

/** Looks every three seconds; returns the function that ends it. Only what was seen counts: a look that fails is told. */
export function watchOwnership({ clock, look, log, onDisplaced }: OwnershipOptions): () => void {
  let cancel = (): void => undefined;
  let told: string | undefined;
  const watch = (): void => {
    try {
      const problem = look();
      if (problem !== undefined) {
        log(problem);
        onDisplaced();
        return;
      }
      told = undefined;
    } catch (error) {
      const text = `cannot see whether the state folder is still this daemon's: ${messageOf(error)}`;
      if (text !== told) log(text);
      told = text;
    }
    cancel = clock.after(INTERVAL, watch);
  };
  cancel = clock.after(INTERVAL, watch);
  return () => cancel();
}

export interface Ownership {
  /** See `OwnershipOptions.look`. */
  look(): string | undefined;
  /** Says whether this daemon's socket is what is at its path; false also where that cannot be seen. */
  isPathOwn(): boolean;
}

/** The looks at a socket that this process has just made, and at its lock. */
export function ownershipOf(socket: string, lock: Lock): Ownership {
  const own = inodeOf(socket);
  return {
    look: () => {
      if (process.platform !== 'win32' && inodeOf(socket) !== own) return 'the socket path is no longer ours';
      return lock.isHeld() ? undefined : 'the lock file is no longer ours';
    },
    isPathOwn: () => {
      try {
        return process.platform === 'win32' || inodeOf(socket) === own;
      } catch {
        return false;
      }
    },
  };
}

function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
