/** A file that is a pipe: it is read, and waited for with a bound that says what is wrong. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { readFileOrPipe } from '../../../src/lib/read-pipe.ts';

let folder = '';
let writer: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-pipe-'));
  execFileSync('mkfifo', [join(folder, 'env')]);
  // Both ends: opening waits for nobody.
  writer = openSync(join(folder, 'env'), constants.O_RDWR);
});

afterEach(() => {
  closeSync(writer);
  rmSync(folder, { recursive: true });
});

it.skipIf(process.platform === 'win32').each([
  ['stops halfway', 'FIRST=', 'is a pipe whose writer stopped halfway'],
  ['writes nothing', '', 'is a pipe that nobody writes to'],
])('a writer that %s', async (_what, text, words) => {
  writeSync(writer, text);
  expect(await readFileOrPipe(join(folder, 'env'), 1_000)).toBe(words);
});
