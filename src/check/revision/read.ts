/** Revisions of a contract, from git and from the working tree. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { ContractError } from '../../contract/contract-error.ts';
import type { Contract } from '../../contract/contract.ts';
import { hasErrors } from '../../contract/diagnostic.ts';
import { CONTRACT_NAMES, findContractIn } from '../../contract/find.ts';
import { readSource } from '../../contract/load.ts';
import { parseContract, type Source } from '../../contract/parse.ts';
import { environmentForGit } from '../../lib/git.ts';
import { PortrampError, errnoOf } from '../../lib/errors.ts';
import type { Revision } from './compare.ts';

/** Bytes; `load.ts` has the same limit for files. */
const MAX_SIZE = 16 * 1024 * 1024;

/**
 * The contract of a folder as it was in a revision.
 * @throws PortrampError REVISION_UNREADABLE; ContractError when that contract has errors.
 */
export async function readRevision(folder: string, revision: string): Promise<Revision> {
  const commit = await resolveCommit(folder, revision);
  for (const name of CONTRACT_NAMES) {
    // With "./" the path is relative to the folder, which may lie below the root of the repository.
    const text = await git(folder, ['cat-file', 'blob', `${commit}:./${name}`]);
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

async function resolveCommit(folder: string, revision: string): Promise<string> {
  const commit = await git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (commit !== undefined) return commit.trim();
  if ((await git(folder, ['rev-parse', '--git-dir'])) === undefined) {
    throw new PortrampError('REVISION_UNREADABLE', `${folder} is not in a git repository`, {
      hint: 'revisions come from git: run this in a checkout',
    });
  }
  throw new PortrampError('REVISION_UNREADABLE', `git knows no revision "${revision}"`, {
    hint: 'a shallow clone has few of them: fetch it first, in GitHub Actions with fetch-depth: 0',
  });
}

/** What git prints, or undefined where it fails. @throws PortrampError REVISION_UNREADABLE without git. */
async function git(cwd: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { cwd, env: environmentForGit(), timeout: 30_000, maxBuffer: MAX_SIZE };
    const { stdout } = await promisify(execFile)('git', args, options);
    return stdout;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return undefined;
    throw new PortrampError('REVISION_UNREADABLE', 'git was not found', { hint: 'install git' });
  }
}
