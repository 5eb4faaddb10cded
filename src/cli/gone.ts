import { isFolderGone } from '../lib/gone-folder.ts';
import type { RunningStack } from '../protocol/messages.ts';

/** Finds the checkouts of stacks at rest that were removed or moved. What runs watches its own. */
export async function findGone(stacks: readonly RunningStack[]): Promise<Set<string>> {
  const roots = [...new Set(stacks.filter(({ pid }) => pid === undefined).map(({ root }) => root))];
  const gone = await Promise.all(roots.map(isFolderGone));
  return new Set(roots.filter((_, index) => gone[index]));
}
