/** Where a resolved project comes from: Compose itself, or, where it is not installed, the files alone. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { readProject, type ComposeProject } from '../../compose/model.ts';
import { composeName, unclearNames, withFixedNames } from '../../compose/names.ts';
import { readStatically } from '../../compose/static.ts';
import { findDeviations } from '../../compose/verify.ts';
import { ContractError } from '../../contract/contract-error.ts';
import type { Source } from '../../contract/yaml.ts';
import { PortrampError, messageOf } from '../../lib/errors.ts';
import { sha256 } from '../../lib/hash.ts';
import { definedIn } from '../../compose/env-text.ts';
import type { ComposeFiles } from '../../runtime/compose/files.ts';
import { resolveProject, type ComposeCall } from '../../runtime/compose/resolve.ts';

/** What changes between two readings of the same files. */
export interface Reading {
  /** Absent where the project has its own. */
  readonly projectName?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ProjectSource {
  read(reading: Reading): Promise<{ readonly project: ComposeProject; readonly warnings: readonly string[] }>;
  /** Proves that the override leads to the expected project. @throws PortrampError COMPOSE_INVALID */
  check(reading: Reading, override: string, expected: ComposeProject): Promise<void>;
  /** What a person should know about this way of reading. */
  readonly notices: readonly string[];
}

/**
 * Reads the project, and once more under another name where only that shows which names are made from the project's:
 * `shop-db` in the project `shop` may be a name of its own.
 */
export async function readWithFixedNames(
  source: ProjectSource,
  reading: Reading,
): ReturnType<ProjectSource['read']> {
  const found = await source.read(reading);
  if (unclearNames(found.project).length === 0) return found;
  const projectName = `p${sha256(found.project.name).slice(0, 12)}`;
  const environment = { ...reading.environment, PORTRAMP_STACK: projectName };
  const { project: renamed } = await source.read({ environment, projectName });
  return { ...found, project: withFixedNames(found.project, renamed) };
}

/** @param call Without profiles and name. @param profiles Those that the user chose. */
export function askCompose(call: ComposeCall, profiles: readonly string[]): ProjectSource {
  let active: readonly string[] = ['*'];
  const resolve = (reading: Reading, override?: string) =>
    resolveProject({ ...call, ...reading, profiles: active }, override);
  return {
    notices: [],
    // With every profile, so that a port is leased before its profile is chosen.
    read: async (reading) => {
      const { json, warnings } = await resolve(reading).catch(async (error: unknown) => {
        // A profile that nobody uses here may lack its env files: then only the chosen ones count.
        active = profiles;
        return resolve(reading).catch(() => {
          throw error;
        });
      });
      return { project: readProject(json), warnings };
    },
    check: async (reading, override, expected) => {
      const { json } = await resolve(reading, override);
      const [first, ...more] = findDeviations(expected, readProject(json));
      if (first === undefined) return;
      const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
      throw new PortrampError('COMPOSE_INVALID', `Compose does not follow the override: ${first}${rest}`, {
        hint: `this is a bug of portramp or of Compose ${call.binary.version}; nothing was started`,
      });
    },
  };
}

/** @throws PortrampError COMPOSE_INVALID; ContractError for what only Compose can resolve. */
export function readFilesAlone({ files, directory, variables: known, problem }: ComposeFiles): ProjectSource {
  if (problem !== undefined)
    throw new PortrampError('COMPOSE_INVALID', problem, { hint: 'correct that line' });
  return {
    notices: [
      'Docker Compose was not found: the files were read without it, and the result was not checked against it',
    ],
    read: async (reading) => {
      const variables = { ...known, ...definedIn(reading.environment) };
      const chosen = reading.projectName ?? variables['COMPOSE_PROJECT_NAME'];
      const name = chosen ?? composeName(basename(directory));
      const sources = await Promise.all(files.map(readSource));
      const { project, diagnostics } = readStatically({
        sources,
        name,
        isForced: chosen !== undefined,
        variables: { ...variables, COMPOSE_PROJECT_NAME: name },
      });
      if (project === undefined) throw new ContractError(diagnostics);
      return { project, warnings: [] };
    },
    check: () => Promise.resolve(),
  };
}

async function readSource(file: string): Promise<Source> {
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (error) {
    throw new PortrampError('COMPOSE_INVALID', `${file} cannot be read: ${messageOf(error)}`);
  }
}
