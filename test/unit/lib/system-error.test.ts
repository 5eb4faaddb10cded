import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PortrampError } from '../../../src/lib/errors.ts';
import { describeSystemError } from '../../../src/lib/system-error.ts';
import { encodeError } from '../../../src/protocol/peer.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-system-'));
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('loop', join(folder, 'loop'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('an error of the system', () => {
  it.each([
    ['E2BIG', 'too large', /128 KiB/, () => spawn('true', { env: { BIG: 'x'.repeat(200_000) } })],
    ['EISDIR', 'a folder stands', /ls -ld|see who/, () => readFileSync(folder)],
    ['ENOTDIR', 'a file stands', /ls -ld .*file/, () => readdirSync(join(folder, 'file'))],
    ['ENAMETOOLONG', 'a path is too long', /nearer/, () => readFileSync(join(folder, 'x'.repeat(300)))],
    ['ELOOP', 'in a circle', /ls -ld .*loop/, () => readFileSync(join(folder, 'loop'))],
  ] as const)('%s has words and something to type', (code, words, hint, action) => {
    const error = thrownBy(action);
    expect(error).toMatchObject({ code });
    expect(describeSystemError(error)).toMatchObject({
      code: 'SYSTEM',
      message: expect.stringContaining(words) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it.each(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EACCES', 'EPERM', 'EROFS', 'EIO'])(
    '%s is no bug, on the wire neither',
    (code) => {
      const error = Object.assign(new Error(`${code}: oh no, write`), { code });
      expect(describeSystemError(error)?.message).toMatch(/^[a-z].*: E[A-Z]+: oh no, write$/);
      expect(describeSystemError(error)?.hint).toMatch(/\w/);
      expect(encodeError(error)).toMatchObject({ code: 'SYSTEM' });
    },
  );

  it('names the place where the system does, quoted for the shell', () => {
    const error = Object.assign(new Error('EACCES: no'), { code: 'EACCES', path: "/it's/here" });
    expect(describeSystemError(error)?.hint).toBe(String.raw`see who owns it: ls -ld '/it'\''s/here'`);
    const full = Object.assign(new Error('ENOSPC: no'), { code: 'ENOSPC', path: '/data' });
    expect(describeSystemError(full)?.hint).toContain('df -h /data ~ /tmp');
  });

  it('knows a folder that is gone under the shell', () => {
    const error = Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'uv_cwd' });
    expect(describeSystemError(error)).toMatchObject({ hint: 'go to one that is there: cd ~' });
  });

  it('is told from a fault of the program', () => {
    expect(describeSystemError(new TypeError('x is not a function'))).toBeUndefined();
    expect(describeSystemError(Object.assign(new Error('gone'), { code: 'ENOENT' }))).toBeUndefined();
    expect(describeSystemError(new PortrampError('TIMEOUT', 'late'))).toBeUndefined();
    expect(describeSystemError(undefined)).toBeUndefined();
    expect(encodeError(new TypeError('x is not a function'))).toMatchObject({ code: 'INTERNAL' });
  });
});
