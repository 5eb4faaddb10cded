/** Where a checkout is, with real folders and git's own worktrees. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { readCheckout } from '../../../src/lib/checkout.ts';
import { locateCheckout } from '../../../src/lib/whereabouts.ts';

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-where-')));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const git = (cwd: string, ...words: string[]): void => {
  const who = ['-c', 'user.name=x', '-c', 'user.email=x@localhost'];
  execFileSync('git', [...who, ...words], { cwd, stdio: 'ignore' });
};

/** A repository with a folder in it, and a linked worktree; of each the checkout of that folder. */
async function openTrees() {
  const main = join(base, 'shop');
  const tree = join(base, 'tree');
  mkdirSync(join(main, 'app'), { recursive: true });
  writeFileSync(join(main, 'app/portramp.yaml'), 'version: 1\n');
  git(main, 'init', '-q');
  git(main, 'add', '.');
  git(main, 'commit', '-qm', 'x');
  git(main, 'worktree', 'add', '-q', '-b', 'tree', tree);
  return {
    main,
    tree,
    ofMain: await readCheckout(join(main, 'app')),
    ofTree: await readCheckout(join(tree, 'app')),
  };
}

it('is here while its root is, or the top of its working tree', async () => {
  const { main, ofMain, ofTree, tree } = await openTrees();
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'here' });
  rmSync(join(tree, 'app'), { recursive: true });
  rmSync(join(main, 'app'), { recursive: true });
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'here' });
  expect(await locateCheckout(ofMain)).toEqual({ kind: 'here' });
});

it('is gone when git or a person removed it', async () => {
  const { main, ofMain, ofTree, tree } = await openTrees();
  git(main, 'worktree', 'remove', '--force', tree);
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'gone' });
  git(main, 'worktree', 'add', '-q', tree, 'tree');
  const again = await readCheckout(join(tree, 'app'));
  rmSync(tree, { recursive: true });
  expect(await locateCheckout(again)).toEqual({ kind: 'gone' });
  rmSync(main, { recursive: true });
  expect(await locateCheckout(ofMain)).toEqual({ kind: 'gone' });
  expect(await locateCheckout({ root: join(base, 'nothing') })).toEqual({ kind: 'gone' });
});

it('is where git moved it', async () => {
  const { main, ofTree, tree } = await openTrees();
  git(main, 'worktree', 'move', tree, join(base, 'new'));
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'moved', to: join(base, 'new/app') });
  git(main, 'worktree', 'move', join(base, 'new'), tree);
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'here' });
  // A person did, and told git.
  renameSync(tree, join(base, 'hand'));
  git(join(base, 'hand'), 'worktree', 'repair');
  expect(await locateCheckout(ofTree)).toEqual({ kind: 'moved', to: join(base, 'hand/app') });
});

it('is not known where nothing can be looked at, or nothing was written down', async () => {
  const { ofTree, tree } = await openTrees();
  const root = join(base, 'absent');
  expect(await locateCheckout({ root, git: 'unrecorded' })).toEqual({
    kind: 'unclear',
    why: `whether ${root} was removed or moved is not known`,
  });
  // Longer than any name of a file may be: the system refuses to look.
  const long = join(base, 'x'.repeat(300));
  expect(await locateCheckout({ root: long })).toEqual({
    kind: 'unclear',
    why: `${long} cannot be looked at (ENAMETOOLONG)`,
  });
  rmSync(tree, { recursive: true });
  const own = ofTree.git?.own ?? '';
  rmSync(join(own, 'gitdir'));
  mkdirSync(join(own, 'gitdir'));
  expect(await locateCheckout(ofTree)).toMatchObject({ kind: 'unclear' });
});
