/** Data that a stack has left in the container engine, for `down`. */
import { locateHome } from '../lib/home.ts';
import { createEngineClient } from '../runtime/engine/client.ts';
import { volumesOf } from '../runtime/engine/leftovers.ts';
import { describeNameless, readNameless } from '../stack/compose/nameless.ts';
import { composeFolder, listOverrides } from '../stack/compose/store.ts';
import { engineProgram } from './engine-program.ts';
import type { VolumeOutcome } from './stack-data.ts';

/** Says which volumes without a name there are, and how that is removed. @param slug Of the stack. */
export async function tellKeptData(slug: string, say: (text: string) => void): Promise<void> {
  for (const project of await projectsOf(slug)) {
    const kept = await readNameless(composeFolder(locateHome()), project);
    if (kept.length > 0) say(`${describeNameless(kept)}; "portramp down ${slug} --volumes" removes it`);
  }
}

/** Lists all of them, for programs. Undefined where the engine cannot be asked. @param slug Of the stack. */
export async function listKeptData(slug: string): Promise<readonly VolumeOutcome[] | undefined> {
  const engine = createEngineClient(process.env, engineProgram());
  try {
    const found: string[] = [];
    for (const project of await projectsOf(slug)) {
      const nameless = await readNameless(composeFolder(locateHome()), project);
      found.push(...[...(await volumesOf(engine, project)), ...nameless].map(({ name }) => name));
    }
    return [...new Set(found)].map((name) => ({ stack: slug, name, removed: false }));
  } catch {
    return undefined;
  }
}

async function projectsOf(slug: string): Promise<ReadonlySet<string>> {
  const overrides = await listOverrides(locateHome());
  return new Set(overrides.flatMap(({ title, project }) => (title === slug ? [project] : [])));
}
