/** Reads a Compose project where no Compose is asked: from its files alone. */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import type { Variables } from '../compose/interpolate.ts';
import { composeName } from '../compose/names.ts';
import { readStatically } from '../compose/static.ts';
import type { Source } from '../contract/yaml.ts';
import type { ReadComposeProject } from './compose-project.ts';
import { COMPOSE_FILES } from './gather.ts';

/** @param known What the shell and env files set; in a revision that is not checked out, nothing is. */
export async function readProjectStatically(
  root: string,
  files: readonly string[],
  known: Variables = {},
): ReturnType<ReadComposeProject> {
  const sources = await readSources(root, files.length > 0 ? files.map((file) => [file]) : COMPOSE_FILES);
  if (sources.length === 0) return undefined;
  const name = composeName(basename(root)) || 'project';
  // What is made from these is another name in every stack, whatever they are.
  const variables = { ...known, COMPOSE_PROJECT_NAME: name, PORTRAMP_STACK: name, PORTRAMP_WORKSPACE: name };
  const { project, doubts, ...rest } = readStatically({ sources, name, variables });
  return project === undefined ? { by: 'nobody', ...rest } : { project, by: 'files', doubts };
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
