/** `PORTRAMP=0 portramp dev`: the commands as they are written, without ports, names, supervision or a daemon. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { ContractError } from '../../contract/contract-error.ts';
import type { Contract } from '../../contract/contract.ts';
import { loadContract } from '../../contract/load.ts';
import { planStack } from '../../plan/plan-stack.ts';
import { selectServices } from '../../plan/order.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { unknownService } from '../daemon-access.ts';
import { notice } from '../terminal.ts';

/** Runs the services until all have ended, or a signal ends them. Resolves with the exit code to use. */
export async function runUntouched(key: StackKey, names: readonly string[]): Promise<number> {
  const { contract, diagnostics } = await loadContract(key.root, {
    environment: key.environment,
    personal: true,
  });
  if (contract === undefined) throw new ContractError(diagnostics);
  const { plan } = planStack(contract, anonymousStack(key, contract));
  const selection = selectServices(plan, names);
  const [unknown] = selection.unknown;
  if (unknown !== undefined) throw unknownService(unknown.name, [...plan.services.keys()]);
  const children: ChildProcess[] = [];
  const relay = (signal: NodeJS.Signals): void => {
    for (const child of children) child.kill(signal);
  };
  process.on('SIGTERM', relay).on('SIGINT', relay);
  const codes = await Promise.all(
    selection.names.map((name) => runCommand(key.root, contract, name, children)),
  );
  process.off('SIGTERM', relay).off('SIGINT', relay);
  return codes.some((code) => code !== 0) ? 1 : 0;
}

async function runCommand(
  root: string,
  contract: Contract,
  name: string,
  children: ChildProcess[],
): Promise<number> {
  const service = contract.services.get(name);
  if (service === undefined || service.kind === 'external' || service.kind === 'compose') return 0;
  const shell = typeof service.command === 'string';
  const [file = '', ...args] = typeof service.command === 'string' ? [service.command] : service.command;
  const child = spawn(file, args, { cwd: join(root, service.dir), shell, stdio: 'inherit' });
  children.push(child);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      notice(`${name}: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Nothing of a name is used here, but a plan wants one. */
const anonymousStack = (key: StackKey, contract: Contract) => ({
  ...key,
  workspace: contract.workspace,
  workspaceId: '',
  main: true,
  slug: contract.workspace,
  ident: contract.workspace,
  index: 0,
});
