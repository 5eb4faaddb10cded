/** The command line as a user who is not root types it, with a state folder and a home of their own. */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PORTRAMP, type Result } from '../workspace.ts';

/** Root may read and write anywhere: root becomes nobody. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

export interface OrdinaryUser {
  /** Everything of the user's is in here. */
  readonly folder: string;
  /** The state folder; not made yet. */
  readonly home: string;
  run(cwd: string, ...args: readonly string[]): Promise<Result>;
  /** Types a line in a shell. */
  type(line: string): Promise<Result>;
  /** Makes an entry, and all in it, the user's own. */
  own(path: string): void;
  /** Why portramp cannot be run as such a user; undefined where it can. */
  whyNot(): Promise<string | undefined>;
  /** Removes the folder, whatever the modes in it are. */
  close(): void;
}

export function createUser(): OrdinaryUser {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-user-'));
  const home = join(folder, 'home');
  const own = (path: string): void => {
    if (!isRoot) return;
    const isFolder = lstatSync(path).isDirectory();
    // Also where root may not follow what it is told to: a link is owned itself.
    if (!lstatSync(path).isSymbolicLink()) chownSync(path, NOBODY.uid, NOBODY.gid);
    if (isFolder) for (const name of readdirSync(path)) own(join(path, name));
  };
  chmodSync(folder, 0o755);
  own(folder);
  const start = (file: string, cwd: string, args: readonly string[]): Promise<Result> =>
    new Promise((settle) => {
      const env: NodeJS.ProcessEnv = {
        ...process.env,
        HOME: folder,
        PORTRAMP_HOME: home,
        PORTRAMP_HTTP_PORT: '0',
        NO_COLOR: '1',
      };
      delete env['PORTRAMP_RUN'];
      execFile(file, args, { cwd, env, ...(isRoot ? NOBODY : {}) }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        settle({ code, stdout, stderr });
      });
    });
  const run: OrdinaryUser['run'] = (cwd, ...args) => start(process.execPath, cwd, [PORTRAMP, ...args]);
  return {
    folder,
    home,
    run,
    type: (line) => start('/bin/sh', folder, ['-c', line]),
    own,
    whyNot: async () => {
      if (process.platform === 'win32') return 'this system has no modes of files';
      const { code, stderr } = await run(folder, '--version');
      return code === 0 ? undefined : `an ordinary user cannot run portramp from here: ${stderr}`;
    },
    close: () => {
      openAll(folder);
      rmSync(folder, { recursive: true });
    },
  };
}

function openAll(path: string): void {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path)) openAll(join(path, name));
}
