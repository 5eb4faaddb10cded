/** Notices that another branch is checked out under a stack that runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readBranch, type Checkout } from '../lib/checkout.ts';

export interface BranchLookOptions {
  /** The checkout as it was when it was read. */
  readonly checkout: Pick<Checkout, 'git' | 'branch'>;
  /** @param branch undefined where HEAD is detached */
  readonly onBranch: (branch: string | undefined) => void;
  /** Asks git, as far as its files do not say it. */
  readonly ask?: (folder: string) => Promise<string | undefined>;
}

/** The state of a checkout; `branch` is undefined where HEAD is detached. */
interface Head {
  readonly branch: string | undefined;
}

/** @returns the look that is to be taken now and then: it costs one small file, or two */
export function createBranchLook(options: BranchLookOptions): () => Promise<void> {
  const { checkout, onBranch, ask = readBranch } = options;
  const { git } = checkout;
  if (git === undefined) return async () => undefined;
  let last = checkout.branch;
  let lastTables: string | undefined;

  /** Git is asked only when the list of its tables is another one: it changes with every ref that does. */
  const askTable = async (): Promise<Head | undefined> => {
    const tables = await readFile(join(git.own, 'reftable', 'tables.list'), 'utf8');
    if (tables === lastTables) return undefined;
    const branch = await ask(git.top);
    lastTables = tables;
    return { branch };
  };
  const look = async (): Promise<Head | undefined> => {
    const text = (await readFile(join(git.own, 'HEAD'), 'utf8')).trimEnd();
    return text === IN_TABLE ? askTable() : parseHead(text);
  };

  return async () => {
    // What cannot be read, or asked, now is looked at the next time.
    const head = await look().catch(() => undefined);
    if (head === undefined || head.branch === last) return;
    last = head.branch;
    onBranch(last);
  };
}

/** Content of the file HEAD where git keeps refs in tables (`extensions.refStorage = reftable`). */
const IN_TABLE = 'ref: refs/heads/.invalid';

/** See gitrepository-layout(5); undefined for what says nothing: it is just being written, or git keeps the branch elsewhere. */
export function parseHead(text: string): Head | undefined {
  const [, branch] = /^ref: refs\/heads\/([^.].*)$/.exec(text) ?? [];
  if (branch !== undefined) return { branch };
  return /^[0-9a-f]{40,64}$/.test(text) ? { branch: undefined } : undefined;
}
