/** Stacks that are called otherwise than their contract and their branch would have it: names do not move by themselves. Pure. */
import { shellWord } from '../lib/shell-word.ts';
import { DEFAULT_ENVIRONMENT, slugCandidates, type NameClaim } from './names.ts';

/** A stack with the name that it has. */
export interface Named extends NameClaim {
  readonly slug: string;
}

/** Of a long name, this much at least is the beginning of the stack's name. */
const SHORTEST = 30;

/** Finds what is another one by now than when the stack got its name; undefined where the name fits. */
export function findRename(stack: Named): 'workspace' | 'branch' | undefined {
  const { workspace, main, slug } = stack;
  if (slugCandidates(stack).includes(slug)) return undefined;
  const isWorkspace = main || !slug.startsWith(`${workspace.toLowerCase()}-`.slice(0, SHORTEST));
  return isWorkspace ? 'workspace' : 'branch';
}

/** The commands after which the stack has the name that it would get now. */
export function cureForRename({
  root,
  environment,
  slug,
}: Pick<Named, 'root' | 'environment' | 'slug'>): string {
  const env = environment === DEFAULT_ENVIRONMENT ? '' : ` --env ${shellWord(environment)}`;
  return `cd ${shellWord(root)} && portramp down${env} && portramp clean ${slug} && portramp dev${env}`;
}
