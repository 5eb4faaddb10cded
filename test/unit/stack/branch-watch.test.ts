/** What git's HEAD says of the branch. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

it('is asked of git where refs are in tables, only when one of them has changed', async () => {
  const own = mkdtempSync(join(tmpdir(), 'portramp-head-'));
  mkdirSync(join(own, 'reftable'));
  writeFileSync(join(own, 'HEAD'), 'ref: refs/heads/.invalid\n');
  const told: (string | undefined)[] = [];
  const asked: string[] = [];
  const answers: (string | undefined | Error)[] = ['main', 'new', new Error('too late'), undefined];
  const look = createBranchLook({
    checkout: { git: { own, common: own, top: '/shop' }, branch: 'main' },
    onBranch: (one) => told.push(one),
    ask: async (folder) => {
      asked.push(folder);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const edit = (tables: string): void => writeFileSync(join(own, 'reftable', 'tables.list'), tables);
  // Its list is just being replaced.
  await look();
  expect(asked).toEqual([]);
  const counts: number[] = [];
  for (const tables of ['1.ref', '2.ref', '3.ref']) {
    edit(`${tables}\n`);
    for (let looks = 0; looks < 3; looks += 1) await look();
    counts.push(asked.length);
  }
  // What could not be asked is asked again, once.
  expect([counts, told, new Set(asked)]).toEqual([[1, 2, 4], ['new', undefined], new Set(['/shop'])]);
  rmSync(own, { recursive: true });
});
