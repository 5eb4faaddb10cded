/** `start`, `stop` and `restart`: commands that the stack's runner carries out. */
import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { RunningStack, StackKey } from '../../protocol/messages.ts';
import { withRunningStack, withStartedDaemon } from '../daemon-access.ts';
import { parsePort } from '../port-argument.ts';
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
    const names = action === 'stop' ? '[name...]' : '<name...>';
    const command = withStackOptions(program.command(`${action} ${names}`))
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`)
      .option('--json', 'print one JSON object')
      .addHelpText('after', `\nExample:\n  ${example}`)
      .action((services: string[], _options: unknown, self: Command) =>
        control(action, services, self.optsWithGlobals()),
      );
    if (action === 'stop') command.option('--port <port>', 'the service that has this port, of any stack');
  }
}

interface ControlOptions extends StackOptions {
  readonly json?: boolean;
  readonly port?: string;
}

async function control(action: Action, names: string[], options: ControlOptions): Promise<void> {
  const { key, services } = await locateServices(action, names, options);
  await withRunningStack(key, async (client) => {
    await untilPublished(client, key);
    const { message } = await client.request('command', { stack: key, command: { action, services } });
    const done = action === 'stop' && !(await untilStopped(client, key)) ? 'stopping' : TEXTS[action].done;
    if (options.json) printJson({ version: 1, action, services });
    else print(message ?? `${done} ${services.join(', ')}`);
  });
}

/** What is to be done, and where: services by name in the stack of this checkout, or one by its port in any. */
async function locateServices(
  action: Action,
  names: string[],
  options: ControlOptions,
): Promise<{ key: StackKey; services: string[] }> {
  if (options.port === undefined && names.length > 0)
    return { key: await locateStack(options), services: names };
  if (options.port === undefined || names.length > 0) {
    throw new PortrampError('USAGE', `${action} takes names of services, or --port with a number`, {
      hint: `${TEXTS[action].example}, or: portramp stop --port 20031`,
    });
  }
  const port = parsePort(options.port);
  const { findPortOwner } = await import('../port-owner.ts');
  const owner = await withStartedDaemon((client) => findPortOwner(client, port));
  if (owner.kind === 'service') return { key: owner.stack, services: [owner.service] };
  const { describeOwner } = await import('./whose.ts');
  const [pid, ...others] =
    owner.kind === 'stranger' ? owner.holders.flatMap((holder) => holder.pid ?? []) : [];
  const hint =
    owner.kind === 'front'
      ? 'portramp daemon stop'
      : pid !== undefined && others.length === 0
        ? `to end it: kill ${pid}`
        : undefined;
  throw new PortrampError('UNKNOWN_NAME', describeOwner(port, owner), { hint });
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
