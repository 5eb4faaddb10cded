import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { Command } from 'commander';

import { PortrampError } from '../lib/errors.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { StackKey } from '../protocol/messages.ts';
import { suggest } from '../lib/suggest.ts';
import { withDaemon, withStartedDaemon } from './daemon-access.ts';
import { meanStack } from './way.ts';

/** The options that say which stack a command is about. */
export interface StackOptions {
  readonly dir?: string;
  readonly env?: string;
  /** The name of a stack, as `portramp ls` prints it; counts more than the folder. */
  readonly stack?: string;
}

/** Adds `--env`; `--dir` is an option of the program itself. */
export function withStackOptions(command: Command): Command {
  return command
    .option('--env <name>', 'the environment of the contract', 'dev')
    .option('--stack <name>', 'another stack, by its name in "portramp ls --all"');
}

/**
 * The stack of this checkout: the nearest folder upwards with a contract, else with a running stack (its contract
 * may have been removed), in the chosen environment.
 * @param atRest Whether one that does not run will do.
 */
export async function locateStack(options: StackOptions, atRest = false): Promise<StackKey> {
  meanStack(options);
  if (options.stack !== undefined) return findStackByName(options.stack);
  const { findContract } = await import('../contract/find.ts');
  const environment = options.env ?? 'dev';
  const named = resolve(options.dir ?? '.');
  const found = await findContract(named);
  if (found !== undefined) return { root: await realpath(found.root), environment };
  const from = await realpath(named).catch(() => undefined);
  const running = await findRootAbove(from ?? named, environment, atRest);
  if (running !== undefined) return { root: running, environment };
  if (from === undefined) throw new PortrampError('USAGE', `the folder ${named} does not exist`);
  throw new PortrampError('CONTRACT_NOT_FOUND', `there is no portramp.yaml in ${from} or a folder above it`, {
    hint: 'create portramp.yaml with "version: 1", "workspace: NAME" and "services:", or name its folder with --dir',
  });
}

/**
 * Finds a stack by its name wherever it is, running or at rest.
 * @throws {PortrampError} UNKNOWN_NAME, with the nearest name that there is
 */
export async function findStackByName(name: string): Promise<StackKey> {
  // Names are remembered, also after the machine was started anew.
  const { stacks } = await withStartedDaemon((client) => client.request('list', { all: true }));
  const found = stacks.find(({ slug }) => slug === name);
  if (found !== undefined) return { root: found.root, environment: found.environment };
  const names = stacks.map(({ slug }) => slug);
  const nearest = suggest(name, names);
  throw new PortrampError('UNKNOWN_NAME', `there is no stack "${name}"`, {
    hint: nearest === undefined ? 'portramp ls --all lists them' : `did you mean "${nearest}"?`,
  });
}

/** The nearest folder at or above `from` that is the root of a stack that runs, or is remembered. */
async function findRootAbove(from: string, environment: string, all: boolean): Promise<string | undefined> {
  const ask = all ? withStartedDaemon : withDaemon;
  // Without a contract and without a daemon there is no stack: that is what is told, not why it cannot be asked.
  const answer = await ask(async (client: DaemonClient | undefined) =>
    client?.request('list', { all }),
  ).catch(() => undefined);
  const roots = answer?.stacks.filter((stack) => stack.environment === environment).map(({ root }) => root);
  for (let folder = from; ; folder = dirname(folder)) {
    if (roots?.includes(folder)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}
