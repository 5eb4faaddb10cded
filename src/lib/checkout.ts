import { realpath } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';

import { askGit } from './git.ts';
import { sha256 } from './hash.ts';

/** A folder with a contract, as git sees it. */
export interface Checkout {
  /** Real path of the folder. */
  readonly root: string;
  /** The same for every worktree of a repository, different for every clone: SHA-256, hex. */
  readonly workspaceId: string;
  /** What the folder is called in the main working tree: the same for every worktree. */
  readonly name: string;
  /** True for the main working tree, and outside git. */
  readonly main: boolean;
  /** Absent outside git and where HEAD is detached. */
  readonly branch?: string;
  /** Where git keeps what it knows; absent outside git. */
  readonly git?: GitPlaces;
}

/** Real paths, see gitrepository-layout(5). */
export interface GitPlaces {
  /** The top folder of the working tree. */
  readonly top: string;
  /** Folder that every worktree of the repository has in common (`git rev-parse --git-common-dir`). */
  readonly common: string;
  /** The worktree's own: another folder than `common` in a linked worktree, and the same one after `git worktree move`. */
  readonly own: string;
}

/**
 * Asks git about the folder. A contract below the repository's root is a workspace of its own, so its place is
 * part of the id. Without git, or outside a repository, the folder itself is the workspace.
 */
export async function readCheckout(folder: string): Promise<Checkout> {
  const root = await realpath(folder);
  const [commonDir, gitDir, top] = await askPaths(root);
  if (commonDir === undefined || gitDir === undefined || top === undefined) {
    return { root, workspaceId: sha256(root), name: basename(root), main: true };
  }
  const common = await realpath(commonDir);
  const git: GitPlaces = { top: await realpath(top), common, own: await realpath(gitDir) };
  const place = relative(git.top, root);
  const branch = await readBranch(root);
  return {
    root,
    workspaceId: sha256(place === '' ? common : `${common}\0${place}`),
    name: place === '' ? nameOfTree(common) : basename(place),
    main: common === git.own,
    git,
    ...(branch === undefined ? {} : { branch }),
  };
}

/** The branch that is checked out there; undefined outside git and where HEAD is detached. @throws what `askGit` throws */
export const readBranch = (folder: string): Promise<string | undefined> =>
  ask(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD']);

/** `shop` for `…/shop/.git`, for a bare `…/shop.git` and for a submodule's `….git/modules/shop`. */
const nameOfTree = (common: string): string =>
  basename(common) === '.git' ? basename(dirname(common)) : basename(common).replace(/\.git$/, '');

const PATHS = ['--git-common-dir', '--git-dir', '--show-toplevel'];

/** Asks for all of `PATHS` in one call; one by one where a path has a line break, since git prints one a line. */
async function askPaths(root: string): Promise<readonly (string | undefined)[]> {
  const question = ['rev-parse', '--path-format=absolute'];
  const paths = (await ask(root, [...question, ...PATHS]))?.split('\n') ?? [];
  if (paths.length <= PATHS.length) return paths;
  return Promise.all(PATHS.map((path) => ask(root, [...question, path])));
}

async function ask(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const text = (await askGit(cwd, args))?.replace(/\r?\n$/, '');
  return text === '' ? undefined : text;
}
