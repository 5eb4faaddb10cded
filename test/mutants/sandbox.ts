/** A copy of the repository in which mutants live: nobody's files are touched, and the mutant's tests build there. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
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

import { REACH } from './nearest.ts';
import { readFailed, readReached } from './reached.ts';

export type Verdict = 'noticed' | 'timed out' | 'missed';

export interface Reached {
  /** The test files that came by each mark. */
  readonly reached: ReadonlyMap<number, readonly string[]>;
  /** Test files that fail without a mutant: they are not among those, since they cannot tell one. */
  readonly failed: readonly string[];
}

export interface Sandbox {
  /** Runs tests with another text in a file. */
  tryWith(file: string, text: string, tests: readonly string[]): Promise<Verdict>;
  /** Runs every unit and property test with marked files. */
  findReached(marked: ReadonlyMap<string, string>): Promise<Reached>;
  close(): void;
}

const VITEST = 'node_modules/vitest/vitest.mjs';

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
  const withTexts = async <T>(texts: ReadonlyMap<string, string>, work: () => T | Promise<T>): Promise<T> => {
    const originals = [...texts.keys()].map(
      (file) => [file, readFileSync(join(copy, file), 'utf8')] as const,
    );
    for (const [file, text] of texts) writeFileSync(join(copy, file), text);
    try {
      return await work();
    } finally {
      for (const [file, original] of originals) writeFileSync(join(copy, file), original);
    }
  };
  return {
    tryWith: (file, text, tests) => withTexts(new Map([[file, text]]), () => run(copy, tests)),
    findReached: (marked) =>
      withTexts(marked, () => {
        const [report, results] = [join(copy, 'reached.txt'), join(copy, 'results.json')];
        writeFileSync(report, '');
        spawnSync(process.execPath, [VITEST, ...REACH, '--reporter', 'json', '--outputFile', results], {
          cwd: copy,
          env: { ...process.env, MUTANTS_REACHED: report },
          stdio: 'ignore',
        });
        const failed = readFailed(readFileSync(results, 'utf8'), copy);
        return { reached: readReached(readFileSync(report, 'utf8'), failed), failed };
      }),
    close: () => rmSync(copy, { recursive: true, force: true }),
  };
}

function run(cwd: string, tests: readonly string[]): Promise<Verdict> {
  const child = spawn(process.execPath, [VITEST, ...tests], {
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
