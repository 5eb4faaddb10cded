import { execFile, type ExecFileException } from 'node:child_process';

import { PortrampError, errnoOf } from './errors.ts';
import { describeSystemError } from './system-error.ts';

const FOREIGN = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_PREFIX'];

/** Variables such as GIT_DIR (set inside hooks) would make git answer for another repository. */
export const environmentForGit = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name)));

/** Milliseconds that git may take. */
const TIMEOUT = 10_000;

/**
 * Asks git; resolves with what it prints, or with undefined when it says no: no git, no repository, nothing found.
 * @throws PortrampError TIMEOUT or SYSTEM when it could not be asked: then nothing is known, and a checkout must not be
 * taken for something else.
 */
export function askGit(cwd: string, args: readonly string[], input?: string): Promise<string | undefined> {
  const env = environmentForGit();
  return new Promise((resolve, reject) => {
    const settle = (error: ExecFileException): void => {
      const problem = unasked(error, cwd);
      if (problem === undefined) resolve(undefined);
      else reject(problem);
    };
    try {
      const options = { cwd, env, timeout: TIMEOUT, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile('git', args, options, (error, stdout) =>
        error === null ? resolve(stdout) : settle(error),
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    } catch (error) {
      // Some of what the system says is thrown (E2BIG, ENOTDIR).
      settle(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Why git could not be asked; undefined when it answered, with a code other than 0, or is not installed. */
function unasked(error: ExecFileException, cwd: string): PortrampError | undefined {
  if (typeof error.signal === 'string') {
    const how =
      error.killed === true ? `did not answer within ${TIMEOUT / 1000} s` : `was ended by ${error.signal}`;
    return new PortrampError('TIMEOUT', `git ${how} in ${cwd}`, { hint: 'try again', cause: error });
  }
  // What the system says of a program that is nowhere in PATH, also where some folder of PATH is closed (execvp(3)).
  return ['ENOENT', 'EACCES', 'ENOTDIR'].includes(errnoOf(error) ?? '')
    ? undefined
    : describeSystemError(error);
}
