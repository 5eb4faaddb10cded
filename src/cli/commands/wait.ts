import { Option, type Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import type { PublishedService, RunningStack, StackKey } from '../../protocol/messages.ts';
import { notRunning, requireServices, withStartedDaemon } from '../daemon-access.ts';
import { parseDuration } from '../duration.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';
import { until } from '../stack-watch.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface WaitOptions extends StackOptions {
  readonly timeout: number;
  readonly json?: boolean;
}

export function defineWait(program: Command): void {
  withStackOptions(program.command('wait <service...>'))
    .summary('wait until services are ready (tasks: done)')
    .description(
      'Wait until services are ready (tasks: done). Exit code 1 when one failed or the time is over.',
    )
    .addOption(
      new Option('--timeout <duration>', 'how long at most, such as 500ms, 30s or 5m')
        .argParser(parseDuration)
        .default(120_000, '2m'),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp dev -d & portramp wait api && npm run e2e')
    .action((services: string[], _options: unknown, command: Command) =>
      wait(services, command.optsWithGlobals()),
    );
}

async function wait(names: string[], options: WaitOptions): Promise<void> {
  const key = await locateStack(options);
  await withStartedDaemon(async (client) => {
    let last: RunningStack | undefined;
    const over = (stack: RunningStack | undefined): boolean => {
      last = stack;
      // One that is just starting has none yet.
      if (stack === undefined || stack.services.length === 0) return false;
      requireServices(stack, names);
      const waited = stack.services.filter((service) => names.includes(service.name));
      return waited.every(isUp) || waited.some((service) => meaningOf(service).isFinal);
    };
    const stack = await until(client, key, over, options.timeout).catch((error: unknown) => {
      const isLate = error instanceof PortrampError && error.code === 'TIMEOUT';
      throw isLate ? describeDelay(key, last, names, options.timeout) : error;
    });
    const services = stack?.services.filter((service) => names.includes(service.name)) ?? [];
    if (options.json) printJson({ version: 1, services });
    const lost = services.find((service) => meaningOf(service).isFinal);
    if (lost !== undefined) {
      const { reason = statusOf(lost), hint = `see "portramp logs ${lost.name}"` } = complaintOf(lost);
      throw new PortrampError('SERVICE_FAILED', `${lost.name}: ${reason}`, { hint });
    }
    if (!options.json) for (const service of services) print(`${service.name} is ${statusOf(service)}`);
  });
}

function describeDelay(
  key: StackKey,
  stack: RunningStack | undefined,
  names: readonly string[],
  timeout: number,
): PortrampError {
  const after = `after ${timeout / 1_000} s`;
  if (stack === undefined) {
    const { message, hint } = notRunning(key);
    return new PortrampError('TIMEOUT', `${after}, ${message}`, { hint });
  }
  const late = stack.services.filter((service) => names.includes(service.name) && !isUp(service));
  const states = late.map((service) => `${service.name} is ${describeState(service)}`);
  const why = `"portramp why ${late[0]?.name ?? names[0]}" says what is in the way`;
  const cure = late.map((service) => complaintOf(service).hint).find((hint) => hint !== undefined);
  return new PortrampError('TIMEOUT', `${after}, ${states.join('; ') || 'the stack is just starting'}`, {
    hint: cure === undefined ? why : `${cure}; ${why}`,
  });
}

const isUp = (service: PublishedService): boolean => meaningOf(service).isUp;

function describeState(service: PublishedService): string {
  const { reason } = complaintOf(service);
  return reason === undefined ? statusOf(service) : `${statusOf(service)}: ${reason}`;
}
