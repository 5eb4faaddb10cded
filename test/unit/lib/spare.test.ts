/** Room that is kept for a full disk. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { keepSpare, withSpare } from '../../../src/lib/spare.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

let folder: string;
let path: string;
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-spare-'));
  path = join(folder, 'spare');
  clock = createManualClock();
});

afterEach(() => rmSync(folder, { recursive: true }));

const failure = (code: string): Error => Object.assign(new Error(code), { code });

it('is 64 KiB for its user alone, made once, and again where some of it is missing', () => {
  keepSpare(folder, clock);
  const { size, mode, ino, mtimeMs } = statSync(path);
  expect([size, mode & 0o777]).toEqual([65_536, 0o600]);
  keepSpare(folder, clock);
  expect(statSync(path)).toMatchObject({ ino, mtimeMs });
  truncateSync(path, 1);
  keepSpare(folder, clock);
  expect(statSync(path).size).toBe(65_536);
});

it('is made later where there was no room at first, and not looked for again once it is there', async () => {
  // A file in the place of the folder refuses as a full disk does.
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  keepSpare(folder, clock);
  await clock.advance(30_000);
  rmSync(folder);
  mkdirSync(folder);
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  await clock.advance(10_000);
  expect(statSync(path).size).toBe(65_536);
  rmSync(path);
  await clock.advance(60_000);
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

it('leaves alone what else stands in its place, and is not written through a link', () => {
  const mine = join(folder, 'mine');
  writeFileSync(mine, 'precious');
  symlinkSync(mine, path);
  keepSpare(folder, clock);
  expect(readFileSync(mine, 'utf8')).toBe('precious');
  rmSync(path);
  mkdirSync(path);
  writeFileSync(join(path, 'something'), 'precious');
  keepSpare(folder, clock);
  expect(readFileSync(join(path, 'something'), 'utf8')).toBe('precious');
  const full = (): never => {
    throw failure('ENOSPC');
  };
  expect(() => withSpare(join(folder, 'x'), full)).toThrow('ENOSPC');
  expect(clock.waiting).toBe(0);
});

it.each(['ENOSPC', 'EDQUOT'])(
  'is given up for a step that fails with %s, which is made once more',
  (code) => {
    keepSpare(folder, clock);
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
