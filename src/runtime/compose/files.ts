/** The files that Compose would read by itself, in its order: naming one with `-f` means naming all. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

import type { Variables } from '../../compose/interpolate.ts';
import { PortrampError } from '../../lib/errors.ts';
import { addEnvFiles, type EnvFiles } from './dot-env.ts';

export interface ComposeFiles {
  /** Absolute, the base first. */
  readonly files: readonly string[];
  /** Also read, or chosen instead, where they exist: env files, and the files that Compose finds by itself. */
  readonly looked: readonly string[];
  /** What relative paths in the files are relative to. */
  readonly directory: string;
  /** What the files may use, and what Compose itself is told: the shell's over those of env files. */
  readonly variables: Variables;
  /** What Compose would refuse in an env file. */
  readonly problem?: string | undefined;
}

export interface ComposeFilesQuery {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `-f` of the command line. */
  readonly files: readonly string[];
  readonly projectDirectory?: string | undefined;
  /** `--env-file` of the command line: instead of `.env`. */
  readonly envFiles?: readonly string[];
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
 * @throws PortrampError USAGE for `-f -`: the file is needed more than once. COMPOSE_INVALID, see `addEnvFiles`.
 */
export async function findComposeFiles(query: ComposeFilesQuery): Promise<ComposeFiles | undefined> {
  const { cwd, projectDirectory } = query;
  const start = projectDirectory === undefined ? cwd : resolve(cwd, projectDirectory);
  const { variables: first } = await readVariables(query, start);
  const named = query.files.length > 0 ? query.files : filesIn(first);
  if (named.includes('-')) {
    throw new PortrampError('USAGE', 'a Compose file on stdin cannot be read twice', {
      hint: 'write it to a file, and name that with -f',
    });
  }
  const files = named.map((file) => resolve(cwd, file));
  const found =
    named.length > 0 ? { files, directory: dirname(files[0] ?? start), looked: [] } : findUpwards(start);
  if (found === undefined) return undefined;
  const directory = projectDirectory === undefined ? found.directory : start;
  const folders = query.files.length > 0 ? [directory] : [start, directory];
  const looked = [...found.looked, ...envFilesOf(query, folders)];
  return { files: found.files, looked, directory, ...(await readVariables(query, ...folders)) };
}

/** The shell's, then those of the env files that are named, else of `.env` in the folders. */
const readVariables = (query: ComposeFilesQuery, ...folders: readonly string[]): Promise<EnvFiles> =>
  addEnvFiles(query.environment, envFilesOf(query, folders));

/** The first that sets a variable counts. */
function envFilesOf(
  { cwd, environment, envFiles = [] }: ComposeFilesQuery,
  folders: readonly string[],
): string[] {
  const listed = environment['COMPOSE_ENV_FILES'] ?? '';
  const named = envFiles.length > 0 ? envFiles : listed.split(',').filter((file) => file !== '');
  // Of several files that are named, the later ones count more.
  const paths = named.map((file) => resolve(cwd, file)).toReversed();
  return paths.length > 0 ? paths : folders.map((folder) => join(folder, '.env'));
}

function findUpwards(start: string): Omit<ComposeFiles, 'variables' | 'problem'> | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const base = firstOf(folder, BASE_NAMES);
    if (base !== undefined) {
      const override = firstOf(folder, OVERRIDE_NAMES);
      const looked = [...BASE_NAMES, ...OVERRIDE_NAMES].map((name) => join(folder, name));
      return { files: override === undefined ? [base] : [base, override], looked, directory: folder };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

const firstOf = (folder: string, names: readonly string[]): string | undefined =>
  names.map((name) => join(folder, name)).find((path) => existsSync(path));

function filesIn(variables: Variables): string[] {
  const list = variables['COMPOSE_FILE'] ?? '';
  const separator = variables['COMPOSE_PATH_SEPARATOR'] ?? delimiter;
  return list === '' ? [] : list.split(separator).filter((file) => file !== '');
}

/** The profiles that are on: those of the command line, else those that `COMPOSE_PROFILES` names. */
export const profilesIn = (variables: Variables, chosen: readonly string[]): readonly string[] =>
  chosen.length > 0
    ? chosen
    : (variables['COMPOSE_PROFILES'] ?? '').split(',').filter((profile) => profile !== '');
