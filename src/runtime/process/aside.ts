/** Runs a short command beside a service: a readiness probe, or the way to stop it. Nothing of it stays. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

import { systemClock } from '../../lib/clock.ts';
import { isScarcity } from '../../lib/descriptors.ts';
import { startTimeOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import { spawned } from '../../lib/spawned.ts';
import type { AsideOptions } from '../instance.ts';
import { trackRemains } from './remains.ts';
import { signalGroup, signalRemains } from './signals.ts';
import { describeStartError } from './start-error.ts';

export interface Aside extends AsideOptions {
  /** A string runs in a shell, a list is exec'd. */
  readonly command: string | readonly string[];
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How much of what it prints is kept for the explanation (characters). */
const MAX_OUTPUT = 2_000;

/**
 * Undefined when it ended with code 0, else what went wrong, with the last line that it printed.
 * @throws the system's error where there is no descriptor to start it with: then nothing was found out
 */
export function runAside(aside: Aside): Promise<string | undefined> {
  const { command, dir, env, timeout, signal, onOutput } = aside;
  const shell = typeof command === 'string';
  const [file = '', ...args] = typeof command === 'string' ? [command] : command;
  return new Promise((resolve, reject) => {
    let child: ChildProcessByStdio<null, Readable, Readable>;
    try {
      child = spawned(
        spawn(file, args, {
          cwd: dir,
          env,
          shell,
          // A group of its own, so that it can be ended as a whole.
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe'],
          windowsHide: true,
        }),
      );
    } catch (error) {
      if (isScarcity(error)) reject(error);
      else resolve(describeStartError(file, dir, error).message);
      return;
    }
    const leader = { pid: child.pid ?? 0, startTime: startTimeOf(child.pid ?? 0) ?? '' };
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT);
      onOutput?.(output);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const finish = (problem: string | undefined): void => {
      cancelLate();
      signal.removeEventListener('abort', onAbort);
      child.stdout.destroy();
      child.stderr.destroy();
      void endGroup(leader).finally(() => resolve(problem));
    };
    const onAbort = (): void => finish('given up');
    const cancelLate = systemClock.after(timeout, () => finish(`did not end within ${timeout} ms`));
    signal.addEventListener('abort', onAbort);
    child.once('error', (error) => finish(describeStartError(file, dir, error).message));
    child.once('exit', (code, by) => {
      if (code === 0) return finish(undefined);
      const last = output.trim().split('\n').at(-1) ?? '';
      const end = by === null ? `exited with code ${code}` : `ended by ${by}`;
      // What is still in the pipe has not been read yet; it would only explain.
      finish(last === '' ? end : `${end}: ${last}`);
    });
  });
}

/** Kills what a command has left. Most have left nothing, and that is known without a look at all processes. */
async function endGroup(leader: ProcessIdentity): Promise<void> {
  if (leader.pid > 0 && signalGroup(leader.pid, 0)) await signalRemains([trackRemains(leader)], 'SIGKILL');
}
