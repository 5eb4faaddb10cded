import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readCheckout } from '../../../src/lib/checkout.ts';
import { askGit } from '../../../src/lib/git.ts';

let folder = '';
const path = process.env['PATH'];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-git-')));
});

afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

/** Puts a program in the place of git. */
function pretend(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'git'), 0o755);
  process.env['PATH'] = `${bin}:${path}`;
}

describe('git', () => {
  it('that says no, or is not there, is an answer', async () => {
    pretend('exit 128');
    expect(await askGit(folder, ['status'])).toBeUndefined();
    expect(await readCheckout(folder)).toMatchObject({ root: folder, main: true });
    process.env['PATH'] = join(folder, 'nothing');
    expect(await askGit(folder, ['status'])).toBeUndefined();
    process.env['PATH'] = join(folder, 'bin/git');
    expect(await askGit(folder, ['status'])).toBeUndefined();
  });

  it('that cannot be asked is none: the checkout is not taken for another one', async () => {
    pretend('kill -9 $$');
    const refusal = { code: 'TIMEOUT', message: `git was ended by SIGKILL in ${folder}` };
    await expect(askGit(folder, ['status'])).rejects.toMatchObject(refusal);
    await expect(readCheckout(folder)).rejects.toMatchObject(refusal);
  });
});

describe('a checkout whose path has a line break', () => {
  it('is known like any other', async () => {
    const root = join(folder, 'line\nbreak');
    mkdirSync(root);
    await askGit(root, ['init', '-q', '-b', 'main']);
    expect(await readCheckout(root)).toMatchObject({ root, name: 'line\nbreak', main: true, branch: 'main' });
  });
});
