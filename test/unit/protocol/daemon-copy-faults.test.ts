/** Two who copy the bundle at once. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { copyBundle } from '../../../src/protocol/daemon-copy.ts';
import { arm, disarm } from '../faults.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

let folder = '';
let versions = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-copy-'));
  versions = join(folder, 'versions');
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist', 'daemon.js'), 'export {};\n');
});

afterEach(() => {
  disarm();
  rmSync(folder, { recursive: true });
});

const copy = (): Promise<string> => copyBundle(join(folder, 'dist'), versions, '1.0.0');

it('the copy of who was faster is used, and the own one removed', async () => {
  const meanwhile = (draft: unknown, name: unknown): void =>
    cpSync(String(draft), String(name), { recursive: true });
  arm({ name: 'rename', code: 'ENOTEMPTY', meanwhile });
  const name = await copy();
  expect(existsSync(join(name, 'daemon.js'))).toBe(true);
  expect(readdirSync(versions)).toHaveLength(1);
});

it('a copy that cannot be made is an error, and leaves nothing', async () => {
  arm({ name: 'rename', code: 'EIO' });
  await expect(copy()).rejects.toThrow('EIO');
  expect(readdirSync(versions)).toEqual([]);
  disarm();
  expect(existsSync(await copy())).toBe(true);
});
