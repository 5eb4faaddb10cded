import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { acquireLock, lockHolder, tryLock } from '../../../src/lib/lock.ts';
import { identityOf } from '../../../src/lib/process-identity.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-lock-'));
  path = join(folder, 'a.lock');
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const self = identityOf(process.pid)!;

describe('a lock', () => {
  it('is held by one, until it is released', () => {
    const first = tryLock(path);
    expect(first?.isHeld()).toBe(true);
    expect(tryLock(path)).toBeUndefined();
    expect(lockHolder(path)).toEqual(self);
    first?.release();
    expect(lockHolder(path)).toBeUndefined();
    const second = tryLock(path);
    first?.release();
    expect(second?.isHeld()).toBe(true);
    second?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names its holder when the wait was in vain', async () => {
    const lock = tryLock(path);
    await expect(acquireLock(path, { timeout: 0 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: `${path} is still locked by process ${process.pid}`,
      hint: `wait for it, or end it with "kill ${process.pid}"`,
    });
    lock?.release();
    (await acquireLock(path, { timeout: 0 })).release();
  });

  it('goes to the one who waits', async () => {
    const lock = tryLock(path);
    const waiting = acquireLock(path, { timeout: 10_000 });
    lock?.release();
    (await waiting).release();
  });

  it('is not released by somebody whose file was replaced', () => {
    const lock = tryLock(path);
    writeFileSync(path, JSON.stringify({ ...self, token: 'another' }));
    expect(lock?.isHeld()).toBe(false);
    lock?.release();
    expect(readFileSync(path, 'utf8')).toContain('another');
  });
});

describe('a stale lock', () => {
  it('of a process that is gone is broken', () => {
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, startTime: '1' }));
    expect(tryLock(path)?.isHeld()).toBe(true);
  });

  it('of a process whose pid was reused is broken', () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    expect(tryLock(path)?.isHeld()).toBe(true);
  });

  it.each(['', 'garbage', '{"pid": 1', '{"pid": "1", "startTime": "1"}', '[]'])(
    'with the content %j is broken when it was seen for longer than a moment, whatever the date',
    (text) => {
      const now = vi.spyOn(systemClock, 'now').mockReturnValue(5_000);
      vi.spyOn(systemClock, 'wallTime').mockReturnValue(0);
      writeFileSync(path, text);
      // Of last year, or of next year: the date may have been set since.
      const date = new Date(Date.now() + (text === '' ? 1 : -1) * 365 * 86_400_000);
      utimesSync(path, date, date);
      expect(tryLock(path)).toBeUndefined();
      now.mockReturnValue(6_000);
      expect(tryLock(path)).toBeUndefined();
      now.mockReturnValue(6_001);
      expect(tryLock(path)?.isHeld()).toBe(true);
      expect(readdirSync(folder)).toEqual(['a.lock']);
    },
  );

  it('whose writer is at work is left alone, however often one begins', () => {
    const now = vi.spyOn(systemClock, 'now');
    for (let writer = 0; writer < 5; writer += 1) {
      rmSync(path, { force: true });
      writeFileSync(path, '{"pid":'.slice(0, 1 + writer));
      now.mockReturnValue(writer * 2_000);
      expect(tryLock(path)).toBeUndefined();
    }
  });

  it('that is damaged is waited for by who wants it', async () => {
    writeFileSync(path, 'garbage');
    await expect(acquireLock(path, { timeout: 0 })).rejects.toMatchObject({ hint: 'try again' });
    const lock = await acquireLock(path, { timeout: 20_000 });
    expect(lock.isHeld()).toBe(true);
  });

  it.each([
    '',
    '3',
    'null',
    '{}',
    '{"pid":1}',
    '{"pid":"1","startTime":"x"}',
    '{"pid":1.5,"startTime":"x"}',
    '{"pid":0,"startTime":"x"}',
    '{"pid":-1,"startTime":"x"}',
    '{"pid":1,"startTime":3}',
  ])('that says %j names nobody', (text) => {
    writeFileSync(path, text);
    expect(lockHolder(path)).toBeUndefined();
  });

  it('is left alone while another contender is breaking it', () => {
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    const breaker = tryLock(`${path}.break`);
    expect(tryLock(path)).toBeUndefined();
    breaker?.release();
    expect(tryLock(path)?.isHeld()).toBe(true);
  });

  it('is broken also when an earlier breaker died at it', () => {
    const gone = JSON.stringify({ pid: process.pid, startTime: 'long ago' });
    writeFileSync(path, gone);
    writeFileSync(`${path}.break`, gone);
    expect(tryLock(path)?.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.lock']);
  });
});
