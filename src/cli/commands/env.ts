import type { Command } from 'commander';

import { findService } from '../resolved-stack.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineEnv(program: Command): void {
  withStackOptions(program.command('env <service>'))
    .summary('print what a service is told through its environment')
    .description(
      'Print what a service is told through its environment, as shell assignments. Works before it is up.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  eval "$(portramp env api | sed \'s/^/export /\')"')
    .action((service: string, _options: unknown, command: Command) =>
      env(service, command.optsWithGlobals()),
    );
}

async function env(name: string, options: StackOptions & { json?: boolean }): Promise<void> {
  const { service } = await findService(await locateStack(options), name);
  if (options.json) {
    printJson({ version: 1, service: name, env: service.env, unset: service.unset });
    return;
  }
  for (const [key, value] of Object.entries(service.env)) print(`${key}=${quote(value)}`);
}

/** One word for a POSIX shell (Shell Command Language §2.2.2). */
const quote = (value: string): string =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
