/** Reads the env files that a contract names. Bad input is a diagnostic, never an exception. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Contract, EnvFileValues } from './contract.ts';
import { sortDiagnostics, type Diagnostic, type Severity } from './diagnostic.ts';
import { parseEnvFile, type EnvProblem, type ParsedEnvFile } from './dotenv.ts';
import { ABSENT, describeFailure } from './failure.ts';

/** Larger files are no env files. Bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

/** How often a pipe that says nothing is looked at before it counts as silent, and the pause between. Milliseconds. */
const LOOKS = 100;
const PAUSE = 20;

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
        const hint = 'create it, or write { path: …, optional: true }';
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

const diagnose = ({ message, hint, ...at }: EnvProblem, path: string, file: string): Diagnostic => ({
  code: 'PR001',
  ...at,
  message: `the env file ${path} ${message}`,
  hint: hint.replaceAll('FILE', path),
  file,
});

async function readEnvFile(path: string): Promise<Read> {
  let file: FileHandle | undefined;
  try {
    // A pipe is opened without waiting for a writer, who may never come.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = await file.stat();
    const bytes = await readAll(file, found.isFIFO());
    return typeof bytes === 'string' ? { failure: bytes } : parseEnvFile(bytes);
  } catch (error) {
    return { failure: describeFailure(error) };
  } finally {
    await file?.close();
  }
}

/** All that a file or a pipe says, or why that cannot be had. */
async function readAll(file: FileHandle, isPipe: boolean): Promise<Uint8Array | string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let looks = 0;
  while (size <= MAX_SIZE) {
    const chunk = await readSome(file);
    if (chunk !== undefined && chunk.length > 0) {
      chunks.push(chunk);
      size += chunk.length;
      continue;
    }
    const hasEnded = chunk !== undefined && (!isPipe || size > 0);
    if (hasEnded) return Buffer.concat(chunks);
    looks += 1;
    if (looks > LOOKS) return 'is a pipe that nobody writes to';
    await setTimeout(PAUSE);
  }
  return `has more than ${MAX_SIZE} bytes`;
}

/** What is there to read; empty at the end, undefined while a writer is silent. */
async function readSome(file: FileHandle): Promise<Uint8Array | undefined> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
