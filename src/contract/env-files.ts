/** Reads the env files that a contract names. Bad input is a diagnostic, never an exception. */
import { resolve } from 'node:path';

import { readFileOrPipe } from '../lib/read-pipe.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { Contract, EnvFileValues } from './contract.ts';
import { sortDiagnostics, type Diagnostic, type Severity } from './diagnostic.ts';
import { parseEnvFile, type EnvProblem, type ParsedEnvFile } from './dotenv.ts';
import { ABSENT, describeFailure } from './failure.ts';

/** Larger files are no env files. Bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

type Read = ParsedEnvFile | { readonly failure: string };

/**
 * Reads every env file that the contract names, once.
 * @param options.absent How bad it is that a file is missing which is not optional.
 */
export async function loadEnvFiles(
  root: string,
  contract: Contract,
  { absent = 'error' }: { absent?: Severity } = {},
): Promise<{ values: EnvFileValues; diagnostics: Diagnostic[] }> {
  const read = new Map<string, Read>();
  const diagnostics: Diagnostic[] = [];
  for (const service of contract.services.values()) {
    if (service.kind === 'external') continue;
    for (const { path, optional, place } of service.envFiles) {
      const file = resolve(root, path);
      const found = read.get(path) ?? (await readEnvFile(file));
      read.set(path, found);
      if ('problems' in found) {
        diagnostics.push(...found.problems.map((problem) => diagnose(problem, path, file)));
      } else if (!optional || found.failure !== ABSENT) {
        const hint = hintFor(found.failure, path);
        const message = `the env file ${path} ${found.failure}`;
        const severity = found.failure === ABSENT ? absent : 'error';
        diagnostics.push({ code: 'PR001', severity, message, hint, ...contract.locate(place) });
      }
    }
  }
  const values = [...read].flatMap(([path, found]) =>
    'values' in found ? [[path, found.values] as const] : [],
  );
  return { values: new Map(values), diagnostics: sortDiagnostics(diagnostics) };
}

/** Says what to do about an env file that could not be read: one that is there need not be created, nor is it optional. */
function hintFor(failure: string, path: string): string {
  if (failure === ABSENT) return 'create it, or write { path: …, optional: true }';
  if (failure === 'is a folder') return 'name a file in it, or remove it from envFile';
  if (failure.startsWith('is a pipe'))
    return `let what fills ${path} write to it, or put a file with lines NAME=value in its place`;
  if (failure === 'may not be read by this user') return `make it readable: chmod u+r ${shellWord(path)}`;
  return `put a file with lines NAME=value in place of ${path}, or remove it from envFile`;
}

const diagnose = ({ message, hint, ...at }: EnvProblem, path: string, file: string): Diagnostic => ({
  code: 'PR001',
  ...at,
  message: `the env file ${path} ${message}`,
  hint: hint.replaceAll('FILE', path),
  file,
});

async function readEnvFile(path: string): Promise<Read> {
  try {
    const bytes = await readFileOrPipe(path, MAX_SIZE);
    return typeof bytes === 'string' ? { failure: bytes } : parseEnvFile(bytes);
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}
