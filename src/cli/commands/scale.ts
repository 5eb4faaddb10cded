import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { requireServices, withRunningStack } from '../daemon-access.ts';
import { print, printJson } from '../terminal.ts';
import { waitForScale } from '../waiting/scaled.ts';
import { describeOutcome, outcomeJson } from '../waiting/told-outcome.ts';
import { sayDim, timeoutOption } from '../waiting/wait.ts';
import { lead } from '../way.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineScale(program: Command): void {
  withStackOptions(program.command('scale <service=replicas...>'))
    .summary('run more or fewer replicas of a service')
    .description(
      'Run more or fewer replicas of a service of the running stack, until it is down. Requests go to the least busy ' +
        'one. Waits until there are as many, and ends with exit code 1 when one failed or the time is over.',
    )
    .addOption(timeoutOption('2m'))
    .option('--no-wait', 'return as soon as the stack knows')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp scale api=3')
    .action((words: string[], _options: unknown, command: Command) =>
      scale(words, command.optsWithGlobals()),
    );
}

interface Scale {
  readonly service: string;
  readonly replicas: number;
}

interface ScaleOptions extends StackOptions {
  readonly timeout: number;
  readonly wait: boolean;
  readonly json?: boolean;
}

async function scale(words: readonly string[], options: ScaleOptions): Promise<void> {
  const scales = words.map(parseScale);
  const key = await locateStack(options);
  await withRunningStack(key, async (client, stack) => {
    requireServices(
      stack,
      scales.map(({ service }) => service),
    );
    for (const { service, replicas } of scales) {
      const { message } = await client.request('command', {
        stack: key,
        command: { action: 'scale', service, replicas },
      });
      const told = message ?? `scaling ${service} to ${replicas}`;
      if (!options.json) (options.wait ? sayDim : print)(told);
    }
    if (!options.wait) {
      if (options.json) printJson({ version: 1, action: 'scale', services: scales });
      return;
    }
    const sizes = new Map(scales.map(({ service, replicas }) => [service, replicas]));
    const { settled, error } = await waitForScale(client, key, sizes, options.timeout);
    if (options.json) {
      printJson({ version: 1, action: 'scale', services: scales, outcome: settled.map(outcomeJson) });
    } else for (const one of settled) print(lead(describeOutcome(one)));
    if (error !== undefined) throw error;
  });
}

/** @throws PortrampError USAGE */
function parseScale(word: string): Scale {
  const [, service, digits] = /^([^=]+)=(\d+)$/.exec(word) ?? [];
  const replicas = Number(digits);
  if (service === undefined || replicas < 1 || replicas > 32) {
    throw new PortrampError('USAGE', `"${word}" does not say which service shall have how many replicas`, {
      hint: 'write SERVICE=REPLICAS, such as api=3; from 1 to 32',
    });
  }
  return { service, replicas };
}
