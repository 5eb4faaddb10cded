/**
 * `portramp dev -d`: the same runner in a session of its own. It tells this process over an IPC channel when
 * its services have settled, then the channel is cut and the runner goes on alone.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { locateHome } from '../../lib/home.ts';
import { sha256 } from '../../lib/hash.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { PublishedService, RunningStack, StackKey } from '../../protocol/messages.ts';
import { findRunningStack, openDaemon, requireServices } from '../daemon-access.ts';
import { renderStacks } from '../render/stacks.ts';
import { isSettled, until } from '../stack-watch.ts';
import { color, notice, print } from '../terminal.ts';

/** In the environment of the runner that `dev -d` starts. */
export const DETACHED = 'PORTRAMP_DETACHED';

/** What the runner sends when nothing changes by itself any more. */
export interface Settled {
  readonly settled: true;
}

/** Resolves with the exit code: 0 when every service is ready or done, 1 when one failed, 2 for a bad contract. */
export async function runDetached(key: StackKey, names: readonly string[]): Promise<number> {
  const client = await openDaemon();
  try {
    if ((await findRunningStack(client, key)) === undefined) {
      const code = await launch(key, names);
      if (code !== undefined) return code;
    } else {
      await startMore(client, key, names);
    }
    const stack = await findRunningStack(client, key);
    if (stack === undefined) return 1;
    return report(stack);
  } finally {
    client.close();
  }
}

/** Starts the runner and waits until it has settled; resolves with its exit code if it ends before. */
async function launch(key: StackKey, names: readonly string[]): Promise<number | undefined> {
  const folder = join(locateHome().root, 'runners');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${sha256(`${key.root}\0${key.environment}`).slice(0, 16)}.log`);
  const log = await open(path, 'w', 0o600);
  try {
    const args = [process.argv[1] ?? '', '--dir', key.root, 'dev', '--env', key.environment, '--', ...names];
    const runner = spawn(process.execPath, args, {
      cwd: key.root,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...process.env, [DETACHED]: '1' },
    });
    const code = await new Promise<number | undefined>((resolve, reject) => {
      runner.once('error', reject);
      runner.once('message', () => resolve(undefined));
      runner.once('exit', (exitCode) => resolve(exitCode ?? 1));
    });
    if (code === undefined) {
      runner.disconnect();
      runner.unref();
    } else {
      process.stderr.write(await readFile(path, 'utf8'));
    }
    return code;
  } finally {
    await log.close();
  }
}

async function startMore(client: DaemonClient, key: StackKey, names: readonly string[]): Promise<void> {
  const running = await findRunningStack(client, key);
  notice(color.dim(`already running (pid ${running?.pid ?? '?'})`));
  if (running !== undefined && names.length > 0) {
    requireServices(running, names);
    await client.request('command', { stack: key, command: { action: 'start', services: [...names] } });
  }
  await until(client, key, (stack) => stack === undefined || stack.services.every(isSettled));
}

function report(stack: RunningStack): number {
  print(renderStacks([stack]));
  const failed = stack.services.filter((service) => service.state === 'failed');
  for (const service of failed) notice(describeFailure(service));
  return failed.length > 0 ? 1 : 0;
}

function describeFailure(service: PublishedService): string {
  const log = service.failure?.log.slice(-10).map((line) => `    ${line}`) ?? [];
  const head = `${color.red('failed')} ${service.name}: ${service.failure?.message ?? 'no reason known'}`;
  const hint = service.failure?.hint ?? `see "portramp logs ${service.name}"; the rest keeps running`;
  return [head, ...log, `  ${color.dim('hint:')} ${hint}`].join('\n');
}
