/** The files that Compose would read by itself, in its order: naming one with `-f` means naming all. */
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';

import { PortrampError } from '../../lib/errors.ts';

export interface ComposeFiles {
  /** Absolute, the base first. */
  readonly files: readonly string[];
  /** What relative paths in the files are relative to. */
  readonly directory: string;
}

export interface ComposeFilesQuery {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `-f` of the command line. */
  readonly files: readonly string[];
  readonly projectDirectory?: string | undefined;
}

const BASE_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDE_NAMES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/**
 * `-f`, else `COMPOSE_FILE` (also from `.env`), else the nearest Compose file upwards with the user's override.
 * Undefined when there is none.
 * @throws PortrampError USAGE for `-f -`: the file is needed more than once.
 */
export async function findComposeFiles(query: ComposeFilesQuery): Promise<ComposeFiles | undefined> {
  const { cwd, projectDirectory } = query;
  const start = projectDirectory === undefined ? cwd : resolve(cwd, projectDirectory);
  const named = query.files.length > 0 ? query.files : await filesOfVariable(query.environment, start);
  if (named.includes('-')) {
    throw new PortrampError('USAGE', 'a Compose file on stdin cannot be read twice', {
      hint: 'write it to a file, and name that with -f',
    });
  }
  if (named.length > 0) {
    const files = named.map((file) => resolve(cwd, file));
    return { files, directory: projectDirectory === undefined ? dirname(files[0] ?? start) : start };
  }
  const found = findUpwards(start);
  if (found === undefined || projectDirectory === undefined) return found;
  return { ...found, directory: start };
}

function findUpwards(start: string): ComposeFiles | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const base = firstOf(folder, BASE_NAMES);
    if (base !== undefined) {
      const override = firstOf(folder, OVERRIDE_NAMES);
      return { files: override === undefined ? [base] : [base, override], directory: folder };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

const firstOf = (folder: string, names: readonly string[]): string | undefined =>
  names.map((name) => join(folder, name)).find((path) => existsSync(path));

async function filesOfVariable(
  environment: ComposeFilesQuery['environment'],
  folder: string,
): Promise<string[]> {
  const variables = { ...(await readDotEnv(folder)), ...environment };
  const list = variables['COMPOSE_FILE'] ?? '';
  const separator = variables['COMPOSE_PATH_SEPARATOR'] ?? delimiter;
  return list === '' ? [] : list.split(separator).filter((file) => file !== '');
}

/** Variables of the folder's `.env`; none when it is absent or unreadable. */
export async function readDotEnv(folder: string): Promise<Record<string, string | undefined>> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '');
  return parseEnv(text);
}
