/** What git's HEAD says of the branch. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { createBranchLook, parseHead } from '../../../src/stack/branch-watch.ts';

it.each([
  ['ref: refs/heads/main', { branch: 'main' }],
  ['ref: refs/heads/feature/auth', { branch: 'feature/auth' }],
  ['0123456789012345678901234567890123456789', { branch: undefined }],
  // Where refs are in a table, the file says nothing.
  ['ref: refs/heads/.invalid', undefined],
  ['ref: refs/remotes/origin/main', undefined],
  ['', undefined],
])('is read from "%s"', (text, expected) => {
  expect(parseHead(text)).toEqual(expected);
});

it('is told when it is another one than before, once', async () => {
  const own = mkdtempSync(join(tmpdir(), 'portramp-head-'));
  const told: (string | undefined)[] = [];
  const git = { own, common: own, top: own };
  const look = createBranchLook({ checkout: { git, branch: 'main' }, onBranch: (one) => told.push(one) });
  await look();
  for (const head of ['ref: refs/heads/main\n', 'ref: refs/heads/new\n', '', `${'0'.repeat(40)}\n`]) {
    writeFileSync(join(own, 'HEAD'), head);
    await look();
    await look();
  }
  expect(told).toEqual(['new', undefined]);
  rmSync(own, { recursive: true });
});
