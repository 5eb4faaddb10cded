import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { writeFileAtomic } from '../../../src/lib/atomic-write.ts';
import { arm, calls, disarm } from '../faults.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

let folder = '';
let path = '';
const umask = process.umask();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-write-'));
  path = join(folder, 'file');
  writeFileSync(path, 'old');
});

afterEach(() => {
  disarm();
  process.umask(umask);
  rmSync(folder, { recursive: true });
});

describe('a file that is replaced as a whole', () => {
  it('is synced before it takes the name, and readable for this user alone', async () => {
    process.umask(0);
    await writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['file']);
    expect(calls.map(({ name }) => name)).toEqual([
      'open',
      'open.writeFile',
      'open.sync',
      'open.close',
      'rename',
    ]);
  });

  it.each([
    ['open', 'EACCES'],
    ['open', 'EROFS'],
    ['open.writeFile', 'ENOSPC'],
    ['open.sync', 'EIO'],
    ['open.close', 'EIO'],
    ['rename', 'EACCES'],
  ])('is what it was, and nothing lies beside it, when %s fails with %s', async (name, code) => {
    arm({ name, code });
    await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({ code });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.each(['EMFILE', 'ENFILE'])('waits while there is no descriptor (%s)', async (code) => {
    arm({ name: 'open', code, times: 3 });
    await writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(calls.filter(({ name }) => name === 'open')).toHaveLength(4);
  });

  it('does not follow a link that was planted in its place', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, 'precious');
    arm({ name: 'open', times: 1, meanwhile: (temporary) => symlinkSync(target, String(temporary)) });
    await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(readFileSync(path, 'utf8')).toBe('old');
  });
});
