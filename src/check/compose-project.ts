/** The services of the Compose project that a contract counts on, as far as files alone tell. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { addComposeServices, findPortProblems } from '../compose/contract-services.ts';
import { composeName } from '../compose/names.ts';
import { readStatically } from '../compose/static.ts';
import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings } from '../contract/finding.ts';
import type { Source } from '../contract/yaml.ts';
import { COMPOSE_FILES } from './gather.ts';

/**
 * The contract with the project's services in it. It stays as it is where the project cannot be read without Compose
 * (`include`, `extends`): `check` needs no Docker, and `dev` says what is wrong.
 */
export async function joinComposeProject(
  root: string,
  contract: Contract,
): Promise<{ readonly contract: Contract; readonly diagnostics: readonly Diagnostic[] }> {
  const { files } = contract.compose ?? { files: undefined };
  if (files === undefined) return { contract, diagnostics: [] };
  const sources = await readSources(root, files.length > 0 ? files.map((file) => [file]) : COMPOSE_FILES);
  if (sources.length === 0) return { contract, diagnostics: [] };
  const name = composeName(basename(root)) || contract.workspace;
  const { project } = readStatically({ sources, name, variables: {} });
  if (project === undefined) return { contract, diagnostics: [] };
  const { contract: joined, findings } = addComposeServices(contract, project);
  const problems = [...findings, ...findPortProblems(joined, project)];
  return { contract: joined, diagnostics: placeFindings(contract, 'PR022', 'error', problems) };
}

/** Of each group the first file that is there. */
async function readSources(root: string, groups: readonly (readonly string[])[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const names of groups) {
    for (const name of names) {
      const file = resolve(root, name);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      sources.push({ file, text });
      break;
    }
  }
  return sources;
}
