/** Which volumes of a Compose project are the stack's to remove. Pure. */
import { applyOverride } from '../../compose/verify.ts';
import type { ComposeStack } from './prepare.ts';

export interface SortedVolumes {
  /** Names of those that the files of the stack make. */
  readonly own: readonly string[];
  readonly kept: readonly KeptVolume[];
}

export interface KeptVolume {
  readonly name: string;
  /** For a person. */
  readonly why: string;
}

/**
 * Sorts the volumes that bear the project's name: others put theirs there too, with a file of their own and `-p`.
 * @param names What the engine calls them.
 */
export function sortVolumes(
  names: readonly string[],
  { project, override, borrowed }: Pick<ComposeStack, 'project' | 'override' | 'borrowed'>,
): SortedVolumes {
  const namesIn = ({ volumes }: Pick<typeof project, 'volumes'>): Set<string> =>
    new Set([...volumes.values()].flatMap(({ name, external }) => (external ? [] : [name])));
  const made = namesIn(applyOverride(project, override));
  const all = namesIn(project);
  const own: string[] = [];
  const kept: KeptVolume[] = [];
  // Those of the main checkout bear the name of whoever made them first.
  for (const name of names.filter((each) => !borrowed.includes(each))) {
    if (made.has(name)) own.push(name);
    else if (all.has(name)) kept.push({ name, why: 'what mounts it is shared by all branches' });
    else kept.push({ name, why: `no Compose file of this stack names it; docker volume rm ${name}` });
  }
  return { own, kept };
}
