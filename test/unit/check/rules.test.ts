/** Every rule on a workspace where it fires, at the right places, and on one where it nearly does. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

import { RULES } from '../../../src/check/rules/rules.ts';
import { checkWorkspace } from '../../../src/check/workspace.ts';
import { RULE_IDS } from '../../../src/contract/rule-ids.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/check');
const TODAY = '2027-01-01';

/** Looks at the machine, so it has tests of its own: `held-ports.test.ts`, `check.test.ts` of the command line. */
const LIVE = ['PR030'];

/** What is found in a copy that git tracks, as `file:line:column severity code`. */
async function findIn(folder: string): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'portramp-rule-'));
  try {
    cpSync(join(FIXTURES, folder), root, { recursive: true });
    rmSync(join(root, 'expected.txt'), { force: true });
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root, stdio: 'ignore' });
    git('init');
    git('add', '--all');
    // A service may name a folder that has nothing else in it.
    const { diagnostics } = await checkWorkspace(root, { today: TODAY });
    for (const { message, hint } of diagnostics) {
      expect(message).not.toBe('');
      expect(hint ?? '').not.toBe('');
    }
    return diagnostics.map(
      ({ file, line, column, severity, code }) =>
        `${relative(root, file)}:${line}:${column} ${severity} ${code}`,
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('the catalogue', () => {
  it('has every rule once, in order', () => {
    expect(RULES.map((rule) => rule.id)).toEqual(RULE_IDS);
  });

  it('says what each is for', () => {
    for (const rule of RULES) {
      expect(rule.title, rule.id).toMatch(/^\S.{10,}[^.]$/);
      expect(rule.reasoning, rule.id).toMatch(/^\S[^]{80,}\.$/);
    }
  });

  it('has fixtures for each', () => {
    const wanted = RULE_IDS.filter((id) => !LIVE.includes(id));
    expect(readdirSync(FIXTURES).sort()).toEqual(wanted.toSorted());
  });
});

describe.each(readdirSync(FIXTURES))('%s', (id) => {
  it('fires', async () => {
    const path = join(FIXTURES, id, 'fires/expected.txt');
    expect(existsSync(path)).toBe(true);
    const expected = readFileSync(path, 'utf8').trim().split('\n');
    expect(expected.some((line) => line.endsWith(id))).toBe(true);
    expect((await findIn(`${id}/fires`)).toSorted()).toEqual(expected.toSorted());
  });

  it('stays silent', async () => {
    expect(await findIn(`${id}/silent`)).toEqual([]);
  });
});
