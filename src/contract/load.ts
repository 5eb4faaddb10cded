/** Reads a workspace's contract and what it names from disk. Bad input is a diagnostic, never an exception. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { errnoOf } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { DEFAULT_ENVIRONMENT, type Contract } from './contract.ts';
import { sortDiagnostics, type Diagnostic } from './diagnostic.ts';
import { ABSENT, describeFailure } from './failure.ts';
import { CONTRACT_NAMES, PERSONAL_OVERLAY, listContracts } from './find.ts';
import { parseContract, type ParsedContract, type Source } from './parse.ts';

export type { EnvFileValues } from './contract.ts';
export { findContract } from './find.ts';

export interface LoadedContract extends ParsedContract {
  /** Absolute paths of what was read, or would be if it were there: for watching. */
  readonly files: string[];
}

/** Larger files are no contracts. Bytes. */
const MAX_SIZE = 16 * 1024 * 1024;

/**
 * Reads the contract in `root` for one environment (default: `dev`), with the personal overlay if `personal`.
 * A service whose `dir` does not exist is reported too.
 */
export async function loadContract(
  root: string,
  options: { environment?: string; personal: boolean },
): Promise<LoadedContract> {
  const [file = join(root, CONTRACT_NAMES[0]), ...others] = await listContracts(root);
  const overlay = join(root, PERSONAL_OVERLAY);
  const files = options.personal ? [file, overlay] : [file];
  const contract = await readSource(file);
  if (!('text' in contract)) return { environments: [DEFAULT_ENVIRONMENT], diagnostics: [contract], files };
  const personal = options.personal ? await readSource(overlay) : undefined;
  const sources = personal !== undefined && 'text' in personal ? [contract, personal] : [contract];
  const parsed = parseContract(sources, options.environment ?? DEFAULT_ENVIRONMENT);
  const known = parsed.contract ?? parsed.partial;
  const trouble = personal === undefined || 'text' in personal || isAbsent(personal) ? [] : [personal];
  const missing = known === undefined ? [] : await findUnusableFolders(root, known);
  const diagnostics = sortDiagnostics([
    ...parsed.diagnostics,
    ...trouble,
    ...missing,
    ...others.map((other) => warnOfOther(file, other)),
  ]);
  const { contract: valid, ...rest } = parsed;
  if (valid === undefined) return { ...rest, diagnostics, files };
  const isUsable = trouble.length === 0 && missing.length === 0;
  return { ...rest, ...(isUsable ? { contract: valid } : { partial: valid }), diagnostics, files };
}

const warnOfOther = (file: string, other: string): Diagnostic => ({
  code: 'PR001',
  severity: 'warning',
  message: `${basename(other)} is not read: ${basename(file)} beside it is the contract`,
  hint: 'remove one of them',
  file: other,
  line: 1,
  column: 1,
});

/** In a diagnostic that stands for a file as a whole. */
const isAbsent = (diagnostic: Diagnostic): boolean => diagnostic.message.endsWith(ABSENT);

export async function readSource(file: string): Promise<Source | Diagnostic> {
  const fail = (message: string, hint: string): Diagnostic => ({
    code: 'PR001',
    severity: 'error',
    message,
    hint,
    file,
    line: 1,
    column: 1,
  });
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  try {
    const { size } = await stat(file);
    if (size > MAX_SIZE)
      return fail(`${name} has ${size} bytes: too much for a contract`, 'is it the right file?');
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)) };
  } catch (error) {
    if (error instanceof TypeError)
      return fail(`${name} is not UTF-8 text`, 'a contract is YAML or JSON in UTF-8');
    return fail(`${name} ${describeFailure(error)}`, 'a contract is a file that you can read');
  }
}

async function findUnusableFolders(root: string, contract: Contract): Promise<Diagnostic[]> {
  const services = [...contract.services.values()].filter((service) => service.kind !== 'external');
  const folders = [...new Set(services.map((service) => service.dir))];
  const problems = await Promise.all(folders.map((folder) => findFolderProblem(resolve(root, folder))));
  const unusable = new Map(folders.map((folder, index) => [folder, problems[index]]));
  return services.flatMap(({ name, dir }): Diagnostic[] => {
    const problem = unusable.get(dir);
    if (problem === undefined) return [];
    const message = `the directory ${dir} ${problem.what}`;
    const own = ['services', name, 'dir'];
    const place = contract.locate(contract.written(own) === undefined ? ['defaults', 'dir'] : own);
    return [{ code: 'PR001', severity: 'error', message, hint: problem.hint, ...place }];
  });
}

/** Undefined for a folder, or a link to one. One that cannot be looked at is not missing. */
async function findFolderProblem(
  path: string,
): Promise<{ readonly what: string; readonly hint: string } | undefined> {
  const missing = {
    what: 'does not exist',
    hint: 'correct dir, which is relative to the folder of the contract, or create the directory',
  };
  try {
    return (await stat(path)).isDirectory() ? undefined : missing;
  } catch (error) {
    const code = errnoOf(error) ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return missing;
    return { what: `cannot be looked at (${code})`, hint: `see who owns it: ls -ld ${shellWord(path)}` };
  }
}
