import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createLog } from '../../../src/daemon/log.ts';
import { arm, disarm } from '../faults.ts';

vi.mock('node:fs', async (original) => (await import('../faults.ts')).faulty(await original()));

let folder = '';
let path = '';
const now = (): Date => new Date('2026-01-02T03:04:05.678Z');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-log-'));
  path = join(folder, 'daemon.log');
});

afterEach(() => {
  disarm();
  rmSync(folder, { recursive: true });
});

const read = (): string => readFileSync(path, 'utf8');

describe('the log of the daemon', () => {
  it('has the time before each line, and is readable for this user alone', () => {
    const log = createLog(path, now);
    log('one');
    log('two');
    expect(read()).toBe('2026-01-02T03:04:05.678Z one\n2026-01-02T03:04:05.678Z two\n');
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('is written without a descriptor to open it with', () => {
    const log = createLog(path, now);
    log('before');
    arm({ name: 'openSync', code: 'EMFILE' });
    log('without');
    expect(read()).toContain('without');
  });

  it('goes on in a new file when it was removed, and in the last one when there can be no new one', () => {
    const log = createLog(path, now);
    log('one');
    rmSync(path);
    log('two');
    expect(read()).toBe('2026-01-02T03:04:05.678Z two\n');
    rmSync(path);
    arm({ name: 'openSync', code: 'EMFILE' });
    expect(() => log('lost')).not.toThrow();
    disarm();
    log('three');
    expect(read()).toBe('2026-01-02T03:04:05.678Z three\n');
  });

  it('keeps its half in a second file when it is long', () => {
    writeFileSync(path, `${'x'.repeat(1024 * 1024)}\n`);
    const log = createLog(path, now);
    log('after');
    expect(read()).toBe('2026-01-02T03:04:05.678Z after\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toHaveLength(1024 * 1024 + 1);
  });

  it.each(['ENOSPC', 'EIO', 'EROFS'])('ends nothing when it cannot be written (%s)', (code) => {
    const log = createLog(path, now);
    arm({ name: 'writeSync', code }, { name: 'openSync', code });
    expect(() => log('one')).not.toThrow();
    disarm();
    log('two');
    expect(read()).toContain('two');
  });
});
