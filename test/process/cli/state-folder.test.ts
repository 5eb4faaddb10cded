/** A state folder that cannot be used, as a user who is not root sees it. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PORTRAMP, type Result } from '../workspace.ts';

/** Root may write anywhere: it becomes nobody. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

let folder = '';
let home = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-user-'));
  chmodSync(folder, 0o755);
  home = join(folder, 'home');
  writeFileSync(
    join(folder, 'portramp.yaml'),
    'version: 1\nworkspace: shop\nservices: { api: { command: sleep 9 } }\n',
  );
});
afterEach(() => {
  chmodSync(home, 0o700);
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): Promise<Result> =>
  new Promise((settle) => {
    const env = { ...process.env, HOME: folder, PORTRAMP_HOME: home, PORTRAMP_HTTP_PORT: '0', NO_COLOR: '1' };
    execFile(
      process.execPath,
      [PORTRAMP, ...args],
      { cwd: folder, env, ...(isRoot ? NOBODY : {}) },
      (error, stdout, stderr) => {
        settle({
          code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
          stdout,
          stderr,
        });
      },
    );
  });

async function canRun(): Promise<boolean> {
  if (process.platform === 'win32' || (await run('--version')).code !== 0) {
    console.log('skipped: an ordinary user cannot run portramp from here');
    return false;
  }
  return true;
}

function make(mode: number): void {
  mkdirSync(home);
  if (isRoot) chownSync(home, NOBODY.uid, NOBODY.gid);
  chmodSync(home, mode);
}

describe.each([
  ['may not be written to', () => make(0o500), /cannot write to .*home: EACCES/],
  ['may not be looked into', () => make(0o000), /cannot write to .*home: EACCES/],
  ['is a file', () => writeFileSync(home, '', { mode: 0o644 }), /home is not a folder/],
] as const)('a state folder that %s', (_, prepare, problem) => {
  it('is named with what to do, by every command and by doctor', async () => {
    prepare();
    if (!(await canRun())) return;
    for (const command of [['dev', '-d'], ['dev'], ['url', 'api'], ['daemon', 'start'], ['clean']]) {
      const { code, stderr } = await run(...command);
      expect({ command, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(problem) as string,
      });
      expect(stderr).toMatch(/hint: set PORTRAMP_HOME to a folder/);
      expect(stderr).not.toMatch(/bug/);
    }
    const doctor = await run('doctor');
    expect(doctor).toMatchObject({ code: 1, stderr: '' });
    expect(doctor.stdout).toMatch(problem);
    expect(doctor.stdout).toMatch(/portramp +\S+ on Node/);
  });
});
