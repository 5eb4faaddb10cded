/** The Compose project of this checkout for the commands `override` and `compose`. Loads YAML and the schema. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import { findContract, loadContract } from '../contract/load.ts';
import { writeFileAtomic } from '../lib/atomic-write.ts';
import { PortrampError } from '../lib/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { locateHome } from '../lib/home.ts';
import type { ComposeArguments } from '../runtime/compose/arguments.ts';
import { findCompose, type ComposeBinary } from '../runtime/compose/binary.ts';
import { prepareCompose, type ComposeStack, type ContractPart } from '../stack/compose/prepare.ts';
import { openDaemon } from './daemon-access.ts';
import type { StackOptions } from './workspace.ts';

/** The Compose to use; undefined where none is installed at all. @throws PortrampError for one that is too old. */
export async function findComposeIfAny(): Promise<ComposeBinary | undefined> {
  try {
    return await findCompose(process.env);
  } catch (error) {
    if (error instanceof PortrampError && error.code === 'COMPOSE_MISSING') return undefined;
    throw error;
  }
}

/** Names the stack, leases its ports, and checks the override. @throws PortrampError, ContractError */
export async function openComposeStack(
  options: StackOptions,
  parsed: ComposeArguments,
  binary: ComposeBinary | undefined,
): Promise<ComposeStack> {
  const cwd = resolve(options.dir ?? '.');
  const environment = options.env ?? 'dev';
  const contract = await readContract(cwd, environment);
  const client = await openDaemon();
  try {
    return await prepareCompose({
      client,
      binary,
      cwd,
      ambient: process.env,
      arguments: parsed,
      environment,
      contract,
    });
  } finally {
    client.close();
  }
}

/** A contract names the stack; without one its folder does. */
async function readContract(cwd: string, environment: string): Promise<ContractPart | undefined> {
  const found = await findContract(cwd);
  if (found === undefined) return undefined;
  const { contract, diagnostics } = await loadContract(found.root, { environment, personal: true });
  if (contract === undefined) throw new ContractError(diagnostics);
  return { root: found.root, workspace: contract.workspace };
}

/** Who holds the port, as the daemon sees it; undefined when it is free. */
export async function describeHolder(port: number): Promise<string | undefined> {
  const client = await openDaemon();
  try {
    const { free, holders } = await client.request('holder', { port });
    if (free) return undefined;
    const [holder] = holders;
    if (holder?.pid === undefined) return 'a process that this user cannot see';
    const command = holder.command === undefined ? '' : ` (${holder.command})`;
    return `process ${holder.pid}${command}${holder.cwd === undefined ? '' : ` in ${holder.cwd}`}`;
  } finally {
    client.close();
  }
}

/** The override's path in the state folder: one a stack, and one more for every other list of files. */
export async function storeOverride({ stack, files, text }: ComposeStack): Promise<string> {
  const folder = join(locateHome().root, 'compose');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const list = sha256(files.join('\0')).slice(0, 8);
  const path = join(folder, `${stack.slug}.${list}.yaml`);
  await writeFileAtomic(path, text);
  return path;
}
