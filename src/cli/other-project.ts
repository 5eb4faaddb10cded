/** The Compose projects in which stacks are, where their files alone would call them otherwise. */
import { locateHome } from '../lib/home.ts';
import type { RunningStack } from '../protocol/messages.ts';
import { readStarted } from '../stack/compose/started.ts';

/** Names the project of each such stack. */
export async function findOtherProjects(
  stacks: readonly RunningStack[],
): Promise<ReadonlyMap<RunningStack, string>> {
  const found = new Map<RunningStack, string>();
  for (const stack of stacks) {
    const started = await readStarted(locateHome(), stack);
    if (started !== undefined && started.project !== started.files) found.set(stack, started.project);
  }
  return found;
}
