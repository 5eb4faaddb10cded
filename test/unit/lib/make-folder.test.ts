import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { makeFolder } from '../../../src/lib/make-folder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is made with those above it, also by several at once, and stays as it is', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([1, 2, 3].map(() => makeFolder(path, 0o700)));
  await makeFolder(path, 0o755);
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700);
});

it('is not made below a file, nor below a link that leads nowhere', async () => {
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
  await expect(makeFolder(join(folder, 'file/a'), 0o700)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(join(folder, 'link/a'), 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});

it.runIf(process.platform === 'linux')('ends where the system makes no folders at all', async () => {
  await expect(makeFolder('/proc/portramp/home', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});
