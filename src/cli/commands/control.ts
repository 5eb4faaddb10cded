/** `start`, `stop` and `restart`: commands that the stack's runner carries out. */
import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { RunningStack, StackKey } from '../../protocol/messages.ts';
import { withRunningStack } from '../daemon-access.ts';
import { until, untilPublished } from '../stack-watch.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';
import { print, printJson } from '../terminal.ts';

type Action = 'start' | 'stop' | 'restart';

const TEXTS: Record<Action, { summary: string; done: string; example: string }> = {
  start: {
    summary: 'start services of the running stack, and what they consume',
    done: 'starting',
    example: 'portramp start worker',
  },
  stop: {
    summary: 'stop services of the running stack; the rest keeps running',
    done: 'stopped',
    example: 'portramp stop worker',
  },
  restart: {
    summary: 'stop services, wait until they are gone, start them again',
    done: 'restarting',
    example: 'portramp restart api',
  },
};

export function defineControl(program: Command): void {
  for (const action of ['start', 'stop', 'restart'] as const) {
    const { summary, example } = TEXTS[action];
    withStackOptions(program.command(`${action} <name...>`))
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .option('--json', 'print one JSON object')
      .addHelpText('after', `\nExample:\n  ${example}`)
      .action((services: string[], _options: unknown, command: Command) =>
        control(action, services, command.optsWithGlobals()),
      );
  }
}

async function control(
  action: Action,
  services: string[],
  options: StackOptions & { json?: boolean },
): Promise<void> {
  const key = await locateStack(options);
  await withRunningStack(key, async (client) => {
    await untilPublished(client, key);
    const { message } = await client.request('command', { stack: key, command: { action, services } });
    const done = action === 'stop' && !(await untilStopped(client, key)) ? 'stopping' : TEXTS[action].done;
    if (options.json) printJson({ version: 1, action, services });
    else print(message ?? `${done} ${services.join(', ')}`);
  });
}

/** Milliseconds. The deadline of the contract may be longer: then it is said that they are still stopping. */
const STOP_PATIENCE = 15_000;

/** False when something is still stopping after that time. */
async function untilStopped(client: DaemonClient, key: StackKey): Promise<boolean> {
  try {
    const isOver = (stack?: RunningStack): boolean =>
      stack?.services.every((service) => service.state !== 'stopping') ?? true;
    await until(client, key, isOver, STOP_PATIENCE);
    return true;
  } catch (error) {
    if (error instanceof PortrampError && error.code === 'TIMEOUT') return false;
    throw error;
  }
}
