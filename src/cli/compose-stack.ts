/** The Compose project of this checkout for the commands `override` and `compose`. Loads YAML and the schema. */
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import type { Contract } from '../contract/contract.ts';
import { findContract, loadContract } from '../contract/load.ts';
import type { ComposeArguments } from '../runtime/compose/arguments.ts';
import type { ComposeBinary } from '../runtime/compose/binary.ts';
import { prepareCompose, type ComposeStack } from '../stack/compose/prepare.ts';
import { describeHolder } from '../lib/holder.ts';
import { locateHome } from '../lib/home.ts';
import { prepareStack, type PreparedStack } from '../stack/prepare.ts';
import { openDaemon } from './daemon-access.ts';
import type { StackOptions } from './workspace.ts';

export interface OpenedStack extends ComposeStack {
  /** The stack of a contract that speaks of Compose. */
  readonly prepared?: PreparedStack | undefined;
}

/**
 * Names the stack, leases its ports, and checks the override. A contract that speaks of Compose says what is published,
 * and what containers are told; one that does not only names the stack; without one the project's folder does.
 * @throws PortrampError, ContractError
 */
export async function openComposeStack(
  options: StackOptions,
  parsed: ComposeArguments,
  binary: ComposeBinary | undefined,
): Promise<OpenedStack> {
  const cwd = resolve(options.dir ?? '.');
  const environment = options.env ?? 'dev';
  const found = await findContract(cwd);
  const contract = found && (await readContract(found.root, environment));
  const client = await openDaemon();
  try {
    if (found !== undefined && contract?.compose !== undefined) {
      const key = { root: await realpath(found.root), environment };
      const compose = { cwd, arguments: parsed };
      const prepared = await prepareStack({ key, home: locateHome(), client, ambient: process.env, compose });
      if (prepared.compose !== undefined) return { ...prepared.compose, notices: prepared.notices, prepared };
    }
    const query = { client, binary, cwd, ambient: process.env, arguments: parsed, root: found?.root };
    return await prepareCompose(query, environment, contract?.workspace);
  } finally {
    client.close();
  }
}

async function readContract(root: string, environment: string): Promise<Contract> {
  const { contract, diagnostics } = await loadContract(root, { environment, personal: true });
  if (contract === undefined) throw new ContractError(diagnostics);
  return contract;
}

/** Who holds the port, as the daemon sees it; undefined when it is free. */
export async function whoHolds(port: number): Promise<string | undefined> {
  const client = await openDaemon();
  try {
    const { free, holders } = await client.request('holder', { port });
    return free ? undefined : describeHolder(holders[0] ?? {});
  } finally {
    client.close();
  }
}
