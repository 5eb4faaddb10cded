/** Revisions of a contract, from git and from the working tree. */
import { ContractError } from '../../contract/contract-error.ts';
import type { Contract } from '../../contract/contract.ts';
import { hasErrors } from '../../contract/diagnostic.ts';
import { CONTRACT_NAMES, findContractIn } from '../../contract/find.ts';
import { readSource } from '../../contract/load.ts';
import { parseContract, type Source } from '../../contract/parse.ts';
import { PortrampError } from '../../lib/errors.ts';
import type { Revision } from './compare.ts';
import { askRevision, resolveCommit } from './git.ts';

/**
 * The contract of a folder as it was in a revision.
 * @throws PortrampError REVISION_UNREADABLE; ContractError when that contract has errors.
 */
export async function readRevision(folder: string, revision: string): Promise<Revision> {
  const commit = await resolveCommit(folder, revision);
  for (const name of CONTRACT_NAMES) {
    // With "./" the path is relative to the folder, which may lie below the root of the repository.
    const text = await askRevision(folder, ['cat-file', 'blob', `${commit}:./${name}`]);
    if (text !== undefined) return parseRevision({ file: name, text });
  }
  throw new PortrampError('REVISION_UNREADABLE', `there is no portramp.yaml in ${revision}`, {
    hint: 'name a revision that has one in this folder; a new contract has nothing to be compared with',
  });
}

/** The contract of a folder as it lies there. */
export async function readWorkingTree(folder: string): Promise<Revision> {
  const file = await findContractIn(folder);
  if (file === undefined) {
    throw new PortrampError('CONTRACT_NOT_FOUND', `there is no portramp.yaml in ${folder}`, {
      hint: 'name two revisions to compare them with each other',
    });
  }
  const source = await readSource(file);
  if (!('text' in source)) throw new ContractError([source]);
  return parseRevision({ ...source, file: file.slice(folder.length + 1) });
}

function parseRevision(source: Source): Revision {
  const environments = parseContract([source], 'dev').environments;
  const contracts = new Map<string, Contract>();
  for (const environment of environments) {
    const { contract, diagnostics } = parseContract([source], environment);
    if (contract === undefined || hasErrors(diagnostics)) throw new ContractError(diagnostics);
    contracts.set(environment, contract);
  }
  return contracts;
}
