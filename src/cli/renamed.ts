/** The words for stacks that are called otherwise than their contract and their branch would have it. Pure. */
import { cureForRename, findRename } from '../plan/renamed.ts';
import type { RunningStack } from '../protocol/messages.ts';

/** Whether its contract calls the workspace otherwise by now. */
export const isRenamed = (stack: RunningStack): boolean => findRename(stack) === 'workspace';

/** Says what is another one by now, and what to type for the name to fit; undefined where it does. */
export function describeRenamed(stack: RunningStack): string | undefined {
  switch (findRename(stack)) {
    case 'workspace':
      return `its contract calls the workspace ${stack.workspace} now: ${cureForRename(stack)}`;
    case 'branch': {
      const { branch = 'a detached HEAD' } = stack;
      return `its names are not those of ${branch}: they stay when the branch changes; to have others: ${cureForRename(stack)}`;
    }
    case undefined:
      return undefined;
  }
}
