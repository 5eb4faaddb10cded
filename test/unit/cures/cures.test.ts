/** Does what the hints of `portramp check` say, one after the other, and sees each problem gone. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import { hintsOf, type Hint } from './catalogue.ts';
import { CASES, LEFT } from './cases.ts';
import { OF_CONTRACTS } from './of-contracts.ts';
import { CONTRACT, Desk } from './desk.ts';
import { CHANGES } from './typed.ts';
import { WRITES } from './written.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures');

/** Those of patterns in contracts are said by a file in another room. */
const hints = [
  ...hintsOf(['contract', 'plan', 'check', 'compose']),
  ...hintsOf(['lib']).filter(({ file }) => file === 'lib/pattern.ts'),
];
const typed = new Set<string>();

/** Hints from checkouts that fire, and from contracts that are wrong. */
const workspaces: readonly (readonly [name: string, files: Readonly<Record<string, string>>])[] = [
  ...readdirSync(join(FIXTURES, 'check')).map(
    (id) => [id, filesIn(join(FIXTURES, 'check', id, 'fires'))] as const,
  ),
  ...readdirSync(join(FIXTURES, 'contracts/bad'))
    .filter((name) => name !== 'binary.yaml')
    .map(
      (name) => [name, { [CONTRACT]: readFileSync(join(FIXTURES, 'contracts/bad', name), 'utf8') }] as const,
    ),
  ...CASES.map(([name, text]) => [name, typeof text === 'string' ? { [CONTRACT]: text } : text] as const),
];

function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== 'expected.txt',
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

const countOf = (found: readonly Diagnostic[], { file, code, message }: Diagnostic): number =>
  found.filter((each) => each.file === file && each.code === code && each.message === message).length;
const NAMED = { ...LEFT, ...OF_CONTRACTS };
const left = hints.filter(({ text }) => Object.hasOwn(NAMED, text));
const isLeft = ({ hint = '' }: Diagnostic): boolean => left.some(({ pattern }) => pattern.test(hint));

/** More steps than any case has findings. */
const MAX_STEPS = 40;

describe('what a hint says, typed, cures', () => {
  it.each(workspaces)('%s', async (_name, files) => {
    const desk = new Desk(files);
    try {
      let found = await desk.look();
      expect(found).not.toEqual([]);
      for (let step = 0; step < MAX_STEPS; step += 1) {
        // A file that is no YAML cannot be edited as one.
        const next =
          found.find(({ hint }) => hint?.startsWith('quote this')) ?? found.find((each) => !isLeft(each));
        if (next === undefined) return;
        const { hint = '' } = next;
        const [pattern, cure] = [...CHANGES, ...WRITES].find(([one]) => one.test(hint)) ?? [];
        if (pattern === undefined || cure === undefined) throw new Error(`nobody types: ${hint}`);
        cure(desk, next, pattern.exec(hint)?.slice(1) ?? []);
        const after = await desk.look();
        expect({ hint, gone: countOf(after, next) < countOf(found, next) }, desk.read(CONTRACT)).toEqual({
          hint,
          gone: true,
        });
        typed.add(hint);
        found = after;
      }
      // What the first cure has brought to light is cured too, or it was none.
      throw new Error(`no end to it: ${JSON.stringify(found)}`);
    } finally {
      desk.close();
    }
  });
});

describe('the catalogue of hints', () => {
  it('is typed to four fifths, and the rest is named with a reason', () => {
    const isTyped = ({ pattern }: Hint): boolean => [...typed].some((hint) => pattern.test(hint));
    const rest = hints.filter((hint) => !isTyped(hint));
    expect(rest.map(({ text }) => text).filter((text) => !Object.hasOwn(NAMED, text))).toEqual([]);
    expect(1 - rest.length / hints.length).toBeGreaterThan(0.8);
  });

  it('has what is named as left', () => {
    const texts = hints.map(({ text }) => text);
    expect(Object.keys(NAMED).filter((text) => !texts.includes(text))).toEqual([]);
  });
});
