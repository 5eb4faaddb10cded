import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { lockHolder, tryLock } from '../../../src/lib/lock.ts';
import { identityOf, isAlive } from '../../../src/lib/process-identity.ts';
import { arm, disarm } from '../faults.ts';

vi.mock('node:fs', async (original) => (await import('../faults.ts')).faulty(await original()));

const self = identityOf(process.pid)!;
const GONE = JSON.stringify({ pid: process.pid, startTime: 'long ago' });
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-lock-'));
  path = join(folder, 'a.lock');
});

afterEach(() => {
  disarm();
  rmSync(folder, { recursive: true });
});

describe('a lock where there are no hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])('(%s) is one all the same', (code) => {
    arm({ name: 'linkSync', code });
    const lock = tryLock(path);
    expect(lock?.isHeld()).toBe(true);
    expect(tryLock(path)).toBeUndefined();
    expect(lockHolder(path)).toEqual(self);
    lock?.release();
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(path, GONE);
    expect(tryLock(path)?.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });

  it('says why it cannot be made, and leaves nothing', () => {
    arm({ name: 'linkSync', code: 'EPERM' }, { name: 'writeFileSync', code: 'EROFS', path: /a\.lock$/ });
    expect(() => tryLock(path)).toThrow(expect.objectContaining({ code: 'EROFS' }));
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a lock of a process that is gone', () => {
  it('is left alone when another contender has broken it and taken it meanwhile', () => {
    writeFileSync(path, GONE);
    const winner = JSON.stringify({ ...self, token: 'winner' });
    // Between the first look at the lock and the moment at which this contender alone may break it.
    arm({ name: 'linkSync', path: /\.break\./, times: 1, meanwhile: () => writeFileSync(path, winner) });
    expect(tryLock(path)).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe(winner);
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });

  it('is free when another one has removed it at the same moment', () => {
    writeFileSync(path, GONE);
    arm({ name: 'unlinkSync', path: /a\.lock$/, times: 1, meanwhile: () => unlinkSync(path) });
    expect(tryLock(path)?.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });

  it.each(['EACCES', 'EPERM', 'EIO', 'EROFS'])(
    'that may not be removed (%s) is no lock for anybody',
    (code) => {
      writeFileSync(path, GONE);
      arm({ name: 'unlinkSync', code, path: /a\.lock$/ });
      expect(() => tryLock(path)).toThrow(expect.objectContaining({ code }));
      expect(readFileSync(path, 'utf8')).toBe(GONE);
      expect(existsSync(`${path}.break`)).toBe(false);
    },
  );
});

describe('a lock that cannot be looked at', () => {
  it.each(['EACCES', 'EIO', 'ENFILE'])('(%s) is neither free, nor lost, nor broken', (code) => {
    const lock = tryLock(path);
    arm({ name: 'readFileSync', code, path: /a\.lock$/ });
    expect(() => lock?.isHeld()).toThrow(expect.objectContaining({ code }));
    expect(() => lockHolder(path)).toThrow(expect.objectContaining({ code }));
    expect(() => tryLock(path)).toThrow(expect.objectContaining({ code }));
    disarm();
    expect(lock?.isHeld()).toBe(true);
  });

  it('for want of a descriptor is looked at with the one that was kept', () => {
    const lock = tryLock(path);
    arm({ name: 'readFileSync', code: 'EMFILE', path: /a\.lock$/, times: 1 });
    expect(lock?.isHeld()).toBe(true);
    arm({ name: 'writeFileSync', code: 'EMFILE', times: 1 });
    expect(tryLock(join(folder, 'b.lock'))?.isHeld()).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')(
    'whose holder cannot be looked at is held as long as there is a process of that number',
    () => {
      writeFileSync(path, JSON.stringify(self));
      arm({ name: 'readFileSync', code: 'ENFILE', path: /^\/proc\/\d+\/stat$/ });
      expect(isAlive(self)).toBe(true);
      expect(lockHolder(path)).toEqual(self);
      expect(isAlive({ pid: 2 ** 22 + 1, startTime: '1' })).toBe(false);
      disarm();
      expect(isAlive({ ...self, startTime: 'long ago' })).toBe(false);
    },
  );
});
