/** Everything that says something to do: typed by a test, or named with a reason why it is not. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { LEFT as LEFT_OF_CONTRACTS } from './cases.ts';
import { hintsOf, type Hint } from './catalogue.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { LEFT } from './left.ts';
import { OF_CONTRACTS } from './of-contracts.ts';

const TEST = join(import.meta.dirname, '../..');
const SRC = join(import.meta.dirname, '../../../src');

/** All of these are typed by `cures.test.ts`, but for what is named there. */
const ABOUT_CONTRACTS = ['contract', 'plan', 'check', 'compose'];
const rooms = readdirSync(SRC, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const ofContracts = hintsOf(ABOUT_CONTRACTS);
const others = hintsOf(
  rooms.filter((room) => !ABOUT_CONTRACTS.includes(room)),
  true,
);
const keyOf = ({ file, text }: Hint): string => `${file}: ${text}`;
const keys = others.map(keyOf);

describe('the whole catalogue of what is said to do', () => {
  it('names each once: where it is typed, or why it is not', () => {
    // What a service does is provoked and typed next door, which looks for each that is not named here.
    const missing = keys.filter((key) => !Object.hasOwn(ELSEWHERE, key) && !Object.hasOwn(LEFT, key));
    expect(
      missing.filter((key) => !key.startsWith('stack/')),
      'name them in elsewhere.ts, or in left.ts',
    ).toEqual([]);
    expect(Object.keys(LEFT).filter((key) => Object.hasOwn(ELSEWHERE, key))).toEqual([]);
    expect([...Object.keys(ELSEWHERE), ...Object.keys(LEFT)].filter((key) => !keys.includes(key))).toEqual(
      [],
    );
  });

  it.each([...Object.entries(ELSEWHERE), ...Object.entries(OF_CONTRACTS)])('%s', (_hint, [file, words]) => {
    const isThere = readFileSync(join(TEST, file), 'utf8').includes(words);
    expect(isThere, `${file} says "${words}"`).toBe(true);
  });

  it('is typed to four fifths', () => {
    // What several places of a contract say in the same words is one; elsewhere each place counts.
    const texts = [...new Set(ofContracts.map(({ text }) => text))];
    const all = texts.length + others.length;
    const left =
      texts.filter((text) => Object.hasOwn(LEFT_OF_CONTRACTS, text)).length + Object.keys(LEFT).length;
    console.log(`hints: ${all - left} of ${all} are typed and seen to help, ${left} are left by name`);
    expect(all).toBeGreaterThan(300);
    expect(left / all).toBeLessThanOrEqual(0.2);
  });
});
