/**
 * A folder on a disk that fails: which calls of the system fail, and with which errors (open(2), write(2), fsync(2),
 * close(2), rename(2)). A test file that uses this replaces the modules of files, as `faults.ts` says.
 */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

import { disarm } from './faults.ts';

/** A read-only file system, somebody else's file, a full disk, a share of it that is used up, a broken one. */
export const DISK_ERRORS = ['EROFS', 'EACCES', 'ENOSPC', 'EDQUOT', 'EIO'] as const;

/** The calls that replace a file as a whole. */
export const REPLACING = ['open', 'open.writeFile', 'open.sync', 'open.close', 'rename'] as const;

/** Each of these with each error. */
export const FAILING_WRITES = REPLACING.flatMap((call) => DISK_ERRORS.map((code) => [call, code] as const));

/** What a look at a file that is there may fail with. */
export const FAILING_LOOKS = ['EIO', 'EACCES'] as const;

export interface FailingDisk {
  /** A folder of each test's own. */
  readonly folder: string;
  path(name: string): string;
  /** The names of what is in the folder. */
  entries(): string[];
}

/** Makes the folder before each test; removes it after each, and ends all failures. */
export function useFailingDisk(): FailingDisk {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-disk-')));
  });
  afterEach(() => {
    disarm();
    rmSync(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    path: (name) => join(folder, name),
    entries: () => readdirSync(folder).sort(),
  };
}
