/** Leads the commands that this process says to the stack that is meant. */
import { leadTo, type Way } from '../lib/way.ts';
import type { RunningStack, StackKey } from '../protocol/messages.ts';

/** The way to the stack that this command is about, from where it was typed. */
let meant: Way = {};

/** Remembers the stack that this command is about: by the options that were typed, or as `wayTo` tells it. */
export function meanStack({ dir, env, stack }: Way): void {
  meant = stack === undefined ? { dir, env: env === 'dev' ? undefined : env } : { stack };
}

/** Leads commands in a text to the stack that this command is about. */
export const lead = (text: string): string => leadTo(text, meant);

/** The way to a stack from a folder: to the one of this checkout by the environment, to another by its name or folder. */
export function wayTo(
  { root, environment, slug }: StackKey & Partial<Pick<RunningStack, 'slug'>>,
  from = process.cwd(),
): Way {
  if (root !== from && slug !== undefined) return { stack: slug };
  return {
    dir: root === from ? undefined : root,
    env: environment === 'dev' ? undefined : environment,
  };
}
