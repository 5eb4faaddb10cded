import type { Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { requireServices, withRunningStack } from '../daemon-access.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineScale(program: Command): void {
  withStackOptions(program.command('scale <service=replicas...>'))
    .summary('run more or fewer replicas of a service')
    .description(
      'Run more or fewer replicas of a service of the running stack, until it is down. Requests go to the least busy one.',
    )
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

async function scale(words: readonly string[], options: StackOptions & { json?: boolean }): Promise<void> {
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
      if (!options.json) print(message ?? `scaling ${service} to ${replicas}`);
    }
    if (options.json) printJson({ version: 1, action: 'scale', services: scales });
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
