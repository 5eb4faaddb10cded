/** The files that git tracks below a folder. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { environmentForGit } from '../lib/git.ts';

/** Bytes of output: about a million paths. */
const MAX_OUTPUT = 128 * 1024 * 1024;

/** Modes of regular files; links and submodules lead elsewhere. */
const REGULAR = /^100/;

const run = promisify(execFile);

const optionsFor = (cwd: string) => ({
  cwd,
  env: environmentForGit(),
  timeout: 30_000,
  maxBuffer: MAX_OUTPUT,
});

/** Relative to the folder, with slashes; empty outside a repository and without git. */
export async function listTracked(folder: string): Promise<string[]> {
  try {
    const { stdout } = await run('git', ['ls-files', '--stage', '-z'], optionsFor(folder));
    // `MODE HASH STAGE<tab>PATH`; a path in a conflict has several stages.
    const paths = stdout.split('\0').flatMap((entry) => {
      const tab = entry.indexOf('\t');
      return tab === -1 || !REGULAR.test(entry) ? [] : [entry.slice(tab + 1)];
    });
    return [...new Set(paths)];
  } catch {
    return [];
  }
}

/** The folder's path in its repository, without a slash at the end; empty at the root and outside. */
export async function prefixOf(folder: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--show-prefix'], optionsFor(folder));
    return stdout.trim().replace(/\/$/, '');
  } catch {
    return '';
  }
}
