import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { systemClock } from '../../lib/clock.ts';
import { locateHome } from '../../lib/home.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { notice } from '../terminal.ts';
import { DETACHED, runnerLogOf, type Report } from './report.ts';

export type Launch =
  /** It goes on starting, and has been listened to for long enough. */
  | { readonly kind: 'late' }
  /** It runs on by itself. */
  | { readonly kind: 'running' }
  /** Another runner of this stack was faster. */
  | { readonly kind: 'occupied' }
  /** It is gone; what it died of has been printed. */
  | { readonly kind: 'ended'; readonly code: number };

/**
 * It lives for days, most of the time at rest: after a flood of logs, room for young objects that Node would take for
 * itself (three times 16 MB) is never given back.
 */
const LEAN = ['--max-semi-space-size=4'];

/** Starts the runner and listens to it until `onReport` returns true, it ends, or `timeout` milliseconds are over. */
export async function launchRunner(
  key: StackKey,
  names: readonly string[],
  onReport: (report: Report) => boolean,
  timeout: number,
): Promise<Launch> {
  const folder = locateHome().runners;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = runnerLogOf(key);
  // Its own file until it is clear that this runner is the stack's: two may be started in the same moment.
  const draft = join(folder, `${name}.${randomBytes(4).toString('hex')}`);
  const log = await open(draft, 'wx', 0o600);
  try {
    const program = [...LEAN, process.argv[1] ?? ''];
    const args = ['--dir', key.root, 'dev', '--env', key.environment, '--', ...names];
    const runner = spawn(process.execPath, [...program, ...args], {
      cwd: key.root,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...process.env, [DETACHED]: '1' },
    });
    const launch = await listen(runner, onReport, timeout);
    if (launch.kind === 'running' || launch.kind === 'late') await rename(draft, join(folder, name));
    if (launch.kind === 'ended') notice((await readFile(draft, 'utf8')).trimEnd());
    return launch;
  } finally {
    await log.close();
    await rm(draft, { force: true });
  }
}

async function listen(
  runner: ChildProcess,
  onReport: (report: Report) => boolean,
  timeout: number,
): Promise<Launch> {
  let cancel = (): void => undefined;
  const launch = await new Promise<Launch>((resolve, reject) => {
    cancel = systemClock.after(timeout, () => resolve({ kind: 'late' }));
    runner.once('error', reject);
    runner.on('message', (message) => {
      const report = message as Report;
      if (onReport(report)) resolve({ kind: 'occupied' in report ? 'occupied' : 'running' });
    });
    // Not at its exit: what it told before that may still be on the way.
    runner.once('close', (code, signal) => {
      if (signal !== null) notice(`the runner was ended by ${signal}`);
      resolve({ kind: 'ended', code: code ?? 1 });
    });
  }).finally(() => cancel());
  runner.removeAllListeners('message');
  if (runner.connected) runner.disconnect();
  runner.unref();
  return launch;
}
