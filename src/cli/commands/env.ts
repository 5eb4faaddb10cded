import type { Command } from 'commander';

import { shellWord } from '../../lib/shell-word.ts';
import { findService } from '../resolved-stack.ts';
import { notice, print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export function defineEnv(program: Command): void {
  withStackOptions(program.command('env <service>'))
    .summary('print what a service is told through its environment')
    .description(
      'Print what a service is told through its environment, as shell assignments. Works before it is up.',
    )
    .option('--export', 'print lines for eval: export NAME=… and unset NAME')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  eval "$(portramp env api --export)"')
    .action((service: string, _options: unknown, command: Command) =>
      env(service, command.optsWithGlobals()),
    );
}

interface EnvOptions extends StackOptions {
  readonly export?: boolean;
  readonly json?: boolean;
}

async function env(name: string, options: EnvOptions): Promise<void> {
  const { service } = await findService(await locateStack(options), name);
  if (options.json) printJson({ version: 1, service: name, env: service.env, unset: service.unset });
  else if (options.export) printExports(service.env, service.unset);
  else for (const [key, value] of Object.entries(service.env)) print(`${key}=${shellWord(value)}`);
}

function printExports(env: Readonly<Record<string, string>>, unset: readonly string[]): void {
  for (const key of unset) if (isName(key)) print(`unset ${key}`);
  for (const [key, value] of Object.entries(env)) if (isName(key)) print(`export ${key}=${shellWord(value)}`);
  const left = [...unset, ...Object.keys(env)].filter((key) => !isName(key));
  if (left.length > 0) notice(`left out, because a shell has no such names: ${left.join(', ')}`);
}

/** A name of a variable in a POSIX shell (Base Definitions §3.216). */
const isName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
