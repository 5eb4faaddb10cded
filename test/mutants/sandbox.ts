/** A copy of the repository in which mutants live: nobody's files are touched, and the mutant's tests build there. */
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Verdict = 'noticed' | 'timed out' | 'missed';

export interface Sandbox {
  /** Runs tests with another text in a file. */
  tryWith(file: string, text: string, tests: readonly string[]): Promise<Verdict>;
  close(): void;
}

/** Milliseconds for the tests of one mutant: a loop without end is noticed. */
const TIMEOUT = 300_000;

export function openSandbox(root: string): Sandbox {
  const copy = mkdtempSync(join(tmpdir(), 'portramp-mutants-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const file of listed.split('\0').filter((name) => name !== '')) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    copyFileSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return {
    tryWith: async (file, text, tests) => {
      const path = join(copy, file);
      const original = readFileSync(path, 'utf8');
      writeFileSync(path, text);
      try {
        return await run(copy, tests);
      } finally {
        writeFileSync(path, original);
      }
    },
    close: () => rmSync(copy, { recursive: true, force: true }),
  };
}

function run(cwd: string, tests: readonly string[]): Promise<Verdict> {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...tests], {
    cwd,
    stdio: 'ignore',
    detached: true,
  });
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      // The whole group: its workers are what does not end.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, TIMEOUT);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(isLate ? 'timed out' : code === 0 ? 'missed' : 'noticed');
    });
  });
}
