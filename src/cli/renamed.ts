/** Stacks whose contract calls the workspace otherwise than they are called: names do not move with an edit. Pure. */
import { DEFAULT_ENVIRONMENT, slugCandidates } from '../plan/names.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { RunningStack } from '../protocol/messages.ts';

/** Of a long name, this much at least is the beginning of the stack's name. */
const SHORTEST = 30;

export function isRenamed(stack: RunningStack): boolean {
  const { workspace, main, slug } = stack;
  // Another branch in a worktree is no edit: the name of that one does not move either.
  return main
    ? !slugCandidates(stack).includes(slug)
    : !slug.startsWith(`${workspace.toLowerCase()}-`.slice(0, SHORTEST));
}

/** Says what the contract says, and what to type for that to hold; undefined where it does. */
export function describeRenamed(stack: RunningStack): string | undefined {
  if (!isRenamed(stack)) return undefined;
  const { workspace, root, environment, slug } = stack;
  const env = environment === DEFAULT_ENVIRONMENT ? '' : ` --env ${shellWord(environment)}`;
  const folder = shellWord(root);
  return `its contract calls the workspace ${workspace} now: cd ${folder} && portramp down${env} && portramp clean ${slug} && portramp dev${env}`;
}
