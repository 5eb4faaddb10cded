/** A second `portramp dev` in a checkout whose stack is running: its logs. Ctrl-C leaves the stack alone. */
import { join } from 'node:path';

import { locateHome } from '../../lib/home.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { readLogs } from '../../stack/logs/read.ts';
import { findRunningStack, notRunning, withStartedDaemon } from '../daemon-access.ts';
import { logPrinter } from '../render/logs.ts';
import { renderStacks } from '../render/stacks.ts';
import { untilPublished } from '../stack-watch.ts';
import type { LastingClient } from '../lasting.ts';
import { REGISTER_TIME, untilThrough } from '../waiting/through.ts';
import { untilRegistered } from './registered.ts';
import { notice, onOutputLost, print, printed, sayProblem } from '../terminal.ts';

/** Resolves with the exit code: 0 when it was left by Ctrl-C or the stack went down. */
export function attach(key: StackKey, names: readonly string[]): Promise<number> {
  return withStartedDaemon((client) => showLogs(client, key, names));
}

async function showLogs(client: LastingClient, key: StackKey, names: readonly string[]): Promise<number> {
  await untilRegistered(client, key, REGISTER_TIME);
  await untilPublished(client, key);
  const stack = await findRunningStack(client, key);
  if (stack === undefined) throw await notRunning(key);
  if (names.length > 0) {
    await client.request('command', { stack: key, command: { action: 'start', services: [...names] } });
  }
  print(renderStacks([stack]));
  // Not before there is something to leave: until then, Ctrl-C ends this process as it ends any other.
  const abort = new AbortController();
  const leave = (): void => abort.abort();
  process.once('SIGINT', leave).once('SIGTERM', leave);
  const off = onOutputLost(leave);
  try {
    notice('\nAlready running: these are its logs. Ctrl-C leaves it running; "portramp down" stops it.\n');
    void untilThrough(client, key, (current) => current === undefined).then(leave, leave);
    const services = stack.services.map((service) => service.name);
    const show = logPrinter(services);
    const folder = join(locateHome().logs, stack.slug);
    const { signal } = abort;
    const lines = readLogs({ folder, services, tail: 10, follow: true, signal, onProblem: sayProblem });
    for await (const line of lines) {
      show(line);
      await printed();
    }
    return 0;
  } finally {
    off();
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}
