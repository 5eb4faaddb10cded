import type { Command } from 'commander';

import type { PublishedService } from '../../protocol/messages.ts';
import { requireServices, withStartedDaemon } from '../daemon-access.ts';
import { statusOf } from '../../protocol/status.ts';
import { print, printJson } from '../terminal.ts';
import { endOfWait } from '../waiting/ends.ts';
import { describeLoss, isUp, timeoutOption, waitUntil } from '../waiting/wait.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface WaitOptions extends StackOptions {
  readonly timeout: number;
  readonly json?: boolean;
}

export function defineWait(program: Command): void {
  withStackOptions(program.command('wait <service...>'))
    .summary('wait until services are ready (tasks: done)')
    .description(
      'Wait until services are ready (tasks: done). Says meanwhile what for. Exit code 1 when one failed or the ' +
        'time is over, with the reason and the last lines of what is the cause.',
    )
    .addOption(timeoutOption('2m'))
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp dev -d & portramp wait api && npm run e2e')
    .action((services: string[], _options: unknown, command: Command) =>
      wait(services, command.optsWithGlobals()),
    );
}

async function wait(names: string[], options: WaitOptions): Promise<void> {
  const key = await locateStack(options);
  await withStartedDaemon(async (client) => {
    const isMeant = ({ name }: PublishedService): boolean => names.includes(name);
    const stack = await waitUntil(client, key, {
      timeout: options.timeout,
      isOver: (seen) => {
        // One that is just starting has none yet.
        if (seen === undefined || seen.services.length === 0) return false;
        requireServices(seen, names);
        return endOfWait(seen.services.filter(isMeant)) !== 'open';
      },
      isOpen: (service) => isMeant(service) && !isUp(service),
    });
    const services = stack?.services.filter(isMeant) ?? [];
    if (options.json) printJson({ version: 1, services });
    const lost = services.find((service) => endOfWait([service]) === 'lost');
    if (stack !== undefined && lost !== undefined) throw await describeLoss(client, stack, lost);
    if (!options.json) for (const service of services) print(`${service.name} is ${statusOf(service)}`);
  }, options.timeout);
}
