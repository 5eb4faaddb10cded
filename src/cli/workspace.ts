import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import { PortrampError } from '../lib/errors.ts';
import type { StackKey } from '../protocol/messages.ts';

/** The options that say which stack a command is about. */
export interface StackOptions {
  readonly dir?: string;
  readonly env?: string;
}

/** Adds `--env`; `--dir` is an option of the program itself. */
export function withStackOptions(command: Command): Command {
  return command.option('--env <name>', 'the environment of the contract', 'dev');
}

/** The stack of this checkout: the nearest folder upwards with a contract, in the chosen environment. */
export async function locateStack(options: StackOptions): Promise<StackKey> {
  const { findContract } = await import('../contract/find.ts');
  const from = resolve(options.dir ?? '.');
  const found = await findContract(from);
  if (found === undefined) {
    throw new PortrampError(
      'CONTRACT_NOT_FOUND',
      `there is no portramp.yaml in ${from} or a folder above it`,
      {
        hint: 'create portramp.yaml with "version: 1", "workspace: NAME" and "services:", or name its folder with --dir',
      },
    );
  }
  return { root: await realpath(found.root), environment: options.env ?? 'dev' };
}
