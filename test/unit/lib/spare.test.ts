/** Room that is kept for a full disk. */
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { keepSpare, withSpare } from '../../../src/lib/spare.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-spare-'));
  path = join(folder, 'spare');
});

afterEach(() => rmSync(folder, { recursive: true }));

const failure = (code: string): Error => Object.assign(new Error(code), { code });

it('is 64 KiB for its user alone, made once, and again where some of it is missing', () => {
  keepSpare(folder);
  const { size, mode, ino, mtimeMs } = statSync(path);
  expect([size, mode & 0o777]).toEqual([65_536, 0o600]);
  keepSpare(folder);
  expect(statSync(path)).toMatchObject({ ino, mtimeMs });
  truncateSync(path, 1);
  keepSpare(folder);
  expect(statSync(path).size).toBe(65_536);
});

it.each(['ENOSPC', 'EDQUOT'])(
  'is given up for a step that fails with %s, which is made once more',
  (code) => {
    keepSpare(folder);
    let steps = 0;
    const step = (): number => {
      steps += 1;
      if (steps === 1) throw failure(code);
      return steps;
    };
    expect(withSpare(join(folder, 'x'), step)).toBe(2);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  },
);

it('is not given up for another failure, and cannot help where it is gone', () => {
  writeFileSync(path, '');
  const fail = (code: string) => (): never => {
    throw failure(code);
  };
  expect(() => withSpare(join(folder, 'x'), fail('EIO'))).toThrow('EIO');
  expect(statSync(path).size).toBe(0);
  rmSync(path);
  expect(() => withSpare(join(folder, 'x'), fail('ENOSPC'))).toThrow('ENOSPC');
});
