/** `start`, `stop` and `restart`: commands that the stack's runner carries out, and what becomes of them. */
import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import type { LastingClient } from '../lasting.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { withRunningStack, withStartedDaemon } from '../daemon-access.ts';
import { parsePort } from '../port-argument.ts';
import type { PortOwner } from '../port-owner.ts';
import { untilPublished } from '../stack-watch.ts';
import { color, notice, print, printJson } from '../terminal.ts';
import { waitForOutcome, waitForStop, type Asked, type Outcome } from '../waiting/outcome.ts';
import { describeOutcome, outcomeJson } from '../waiting/told-outcome.ts';
import { timeoutOption } from '../waiting/wait.ts';
import { lead, meanStack, wayTo } from '../way.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

type Action = 'start' | 'stop' | 'restart';

interface Text {
  readonly summary: string;
  readonly more: string;
  /** With `--no-wait`. */
  readonly doing: string;
  readonly example: string;
}

const OUTCOME =
  'Waits until they are ready, says meanwhile what for, and ends with exit code 1 when one failed or the time is ' +
  'over: they go on then.';

const TEXTS: Record<Action, Text> = {
  start: {
    summary: 'start services of the running stack, and what they consume',
    more: OUTCOME,
    doing: 'starting',
    example: 'portramp start worker',
  },
  stop: {
    summary: 'stop services of the running stack; the rest keeps running',
    more: 'Waits until their processes are gone.',
    doing: 'stopping',
    example: 'portramp stop worker',
  },
  restart: {
    summary: 'stop services, wait until they are gone, start them again',
    more: `With "strategy: handoff" or "rolling" the new ones take over first. ${OUTCOME}`,
    doing: 'restarting',
    example: 'portramp restart api',
  },
};

export function defineControl(program: Command): void {
  for (const action of ['start', 'stop', 'restart'] as const) {
    const { summary, more, example } = TEXTS[action];
    const names = action === 'stop' ? '[name...]' : '<name...>';
    const command = withStackOptions(program.command(`${action} ${names}`))
      .summary(summary)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}. ${more}`)
      .addOption(timeoutOption('2m'))
      .option('--no-wait', 'return as soon as the stack knows')
      .option('--json', 'print one JSON object')
      .addHelpText('after', `\nExample:\n  ${example}`)
      .action((services: string[], _options: unknown, self: Command) =>
        control(action, services, self.optsWithGlobals()),
      );
    if (action === 'stop')
      command.option(
        '--port <port>',
        'the service that has this port, of any stack; exit code 1: none has it',
      );
  }
}

interface ControlOptions extends StackOptions {
  readonly timeout: number;
  readonly wait: boolean;
  readonly json?: boolean;
  readonly port?: string;
}

async function control(action: Action, names: string[], options: ControlOptions): Promise<void> {
  const located = await locateServices(action, names, options);
  if ('container' in located) return stopOne(located, options);
  const { key, services } = located;
  await withRunningStack(key, async (client) => {
    await untilPublished(client, key);
    const answer = await client.request('command', { stack: key, command: { action, services } });
    // Without services, the stack does not know yet which it has.
    const isTold = answer.services !== undefined;
    if (isTold && answer.message !== undefined) notice(color.yellow(answer.message));
    if (!options.wait) {
      const doing = `${TEXTS[action].doing} ${services.join(', ')}`;
      if (options.json) printJson({ version: 1, action, services });
      else print(isTold ? doing : (answer.message ?? doing));
      return;
    }
    const outcome = await finish(
      client,
      key,
      action,
      { services: answer.services ?? services, asked: answer.asked },
      options.timeout,
    );
    const { settled, error } = outcome;
    if (options.json) printJson({ version: 1, action, services, outcome: settled.map(outcomeJson) });
    else for (const one of settled) print(lead(describeOutcome(one)));
    if (!options.json && action === 'stop') print(`stopped ${services.join(', ')}`);
    if (error !== undefined) throw error;
  });
}

async function finish(
  client: LastingClient,
  key: StackKey,
  action: Action,
  { services, asked }: { readonly services: readonly string[]; readonly asked?: Asked | undefined },
  timeout: number,
): Promise<Outcome> {
  if (action !== 'stop') return waitForOutcome(client, key, { names: services, asked }, timeout);
  await waitForStop(client, key, services, timeout);
  return { settled: [] };
}

type ContainerOwner = Extract<PortOwner, { readonly kind: 'container' }>;

/** Stops a container that no runner would. */
async function stopOne({ container, service }: ContainerOwner, options: ControlOptions): Promise<void> {
  const { stopContainer } = await import('../unattended.ts');
  await stopContainer(container);
  if (options.json) printJson({ version: 1, action: 'stop', services: [service], outcome: [] });
  else print(`stopped ${service} (the container ${container.name})`);
}

/** What is to be done, and where: services by name in the stack of this checkout, or one by its port in any. */
async function locateServices(
  action: Action,
  names: string[],
  options: ControlOptions,
): Promise<{ key: StackKey; services: string[] } | ContainerOwner> {
  if (options.port === undefined && names.length > 0)
    return { key: await locateStack(options), services: names };
  if (options.port === undefined || names.length > 0) {
    throw new PortrampError('USAGE', `${action} takes names of services, or --port with a number`, {
      hint: `${TEXTS[action].example}, or: portramp stop --port 20031`,
    });
  }
  const port = parsePort(options.port);
  const { findPortOwner, howToEndStranger } = await import('../port-owner.ts');
  const owner = await withStartedDaemon((client) => findPortOwner(client, port));
  if (owner.kind === 'service') {
    meanStack(wayTo(owner.stack));
    return { key: owner.stack, services: [owner.service] };
  }
  if (owner.kind === 'container') return owner;
  const { describeOwner } = await import('./whose.ts');
  const hint = owner.kind === 'front' ? 'portramp daemon stop' : await howToEndStranger(port, owner);
  throw new PortrampError('PORT_UNOWNED', describeOwner(port, owner), { hint });
}
