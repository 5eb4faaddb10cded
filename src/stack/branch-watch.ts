/** Notices that another branch is checked out under a stack that runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Checkout } from '../lib/checkout.ts';

export interface BranchLookOptions {
  /** The checkout as it was when it was read. */
  readonly checkout: Pick<Checkout, 'git' | 'branch'>;
  /** @param branch undefined where HEAD is detached */
  readonly onBranch: (branch: string | undefined) => void;
}

/** @returns the look that is to be taken now and then: it costs one small file */
export function createBranchLook({ checkout, onBranch }: BranchLookOptions): () => Promise<void> {
  const { git } = checkout;
  if (git === undefined) return async () => undefined;
  let last = checkout.branch;
  return async () => {
    const text = await readFile(join(git.own, 'HEAD'), 'utf8').catch(() => '');
    const head = parseHead(text.trimEnd());
    if (head === undefined || head.branch === last) return;
    last = head.branch;
    onBranch(last);
  };
}

/** See gitrepository-layout(5); undefined for what says nothing: it is just being written, or git keeps the branch elsewhere. */
export function parseHead(text: string): { readonly branch: string | undefined } | undefined {
  const [, branch] = /^ref: refs\/heads\/([^.].*)$/.exec(text) ?? [];
  if (branch !== undefined) return { branch };
  return /^[0-9a-f]{40,64}$/.test(text) ? { branch: undefined } : undefined;
}
