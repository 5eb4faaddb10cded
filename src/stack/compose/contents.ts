/** What configs and secrets say: Compose tells their paths alone, so that an edit would go unseen. */
import { readFile } from 'node:fs/promises';

import type { ComposeProject } from '../../compose/model.ts';
import { sha256 } from '../../lib/hash.ts';

/** The same project; the definition of a service differs when a file that it is given says something else. */
export async function withContents(project: ComposeProject): Promise<ComposeProject> {
  const hashes = new Map<string, string>();
  for (const path of new Set([...project.services.values()].flatMap(({ given }) => given))) {
    hashes.set(path, await readFile(path, 'base64').then(sha256, () => ''));
  }
  if (hashes.size === 0) return project;
  const services = [...project.services].map(([name, service]) => {
    const contents = service.given.map((path) => hashes.get(path));
    const definition =
      contents.length === 0 ? service.definition : sha256([service.definition, ...contents].join(' '));
    return [name, { ...service, definition }] as const;
  });
  return { ...project, services: new Map(services) };
}
