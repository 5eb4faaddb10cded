/** Where a checkout is now, that was in some folder once: absence alone says nothing of one that moved. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

import type { GitPlaces } from './checkout.ts';
import { errnoOf } from './errors.ts';

/** A checkout as it was when something was made of it. */
export interface CheckoutPlace {
  /** The folder of its contract, or of its project. */
  readonly root: string;
  /** Absent outside git. `unrecorded`: whether it was in git was not written down, so that nothing tells of a move. */
  readonly git?: GitPlaces | 'unrecorded' | undefined;
}

export type Whereabouts =
  | { readonly kind: 'here' }
  | { readonly kind: 'gone' }
  /** @param to What `root` is called now. */
  | { readonly kind: 'moved'; readonly to: string }
  /** The checkout could not be looked at. */
  | { readonly kind: 'unclear'; readonly why: string };

/** Result of a look at a path; the code of a system error where the path could not be looked at. */
type Sight = 'folder' | 'something else' | 'nothing' | { readonly code: string };

/**
 * Tells where the checkout is. It is here while its root or the top of its working tree is a folder: a branch may lack
 * the root. It is gone when neither is there and git names no other place for the worktree.
 */
export async function locateCheckout({ root, git }: CheckoutPlace): Promise<Whereabouts> {
  const places = typeof git === 'object' ? git : undefined;
  for (const folder of new Set([root, places?.top ?? root])) {
    const seen = await look(folder);
    if (seen === 'folder') return { kind: 'here' };
    if (typeof seen === 'object') return unclear(folder, seen.code);
  }
  if (git === 'unrecorded') {
    return { kind: 'unclear', why: `whether ${root} was removed or moved is not known` };
  }
  return places === undefined || places.own === places.common ? { kind: 'gone' } : findMoved(root, places);
}

/** Reads what git itself writes when a worktree moves: the path of its `.git` in the file `gitdir`. */
async function findMoved(root: string, { top, own }: GitPlaces): Promise<Whereabouts> {
  const file = join(own, 'gitdir');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error) ?? 'unknown';
    return isAbsence(code) ? { kind: 'gone' } : unclear(file, code);
  }
  const now = dirname(resolve(own, text.replace(/\r?\n$/, '')));
  const to = join(now, relative(top, root));
  const seen = await look(now);
  if (typeof seen === 'object') return unclear(now, seen.code);
  return seen === 'folder' ? { kind: 'moved', to } : { kind: 'gone' };
}

async function look(path: string): Promise<Sight> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'something else';
  } catch (error) {
    const code = errnoOf(error) ?? 'unknown';
    return isAbsence(code) ? 'nothing' : { code };
  }
}

const isAbsence = (code: string): boolean => ['ENOENT', 'ENOTDIR'].includes(code);

const unclear = (path: string, code: string): Whereabouts => ({
  kind: 'unclear',
  why: `${path} cannot be looked at (${code})`,
});
