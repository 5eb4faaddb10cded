import { execFile } from 'node:child_process';

const FOREIGN = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_PREFIX'];

/** Variables such as GIT_DIR (set inside hooks) would make git answer for another repository. */
export const environmentForGit = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name)));

/** What git prints, or undefined when it fails: no git, no repository, nothing found. */
export function askGit(cwd: string, args: readonly string[], input?: string): Promise<string | undefined> {
  const env = environmentForGit();
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      args,
      { cwd, env, timeout: 10_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => resolve(error === null ? stdout : undefined),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
