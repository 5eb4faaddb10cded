import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';

import { costOf, isBounded } from '../../../src/contract/glob-cost.ts';

describe('a pattern of files', () => {
  it.each([
    'src/**',
    '**/*.test.*',
    '{apps,packages}/**/{src,lib}/**/*.{ts,tsx}',
    'apps/*/src/**/__tests__/**/*.spec.*',
    '*.{js,jsx,mjs,cjs,ts,tsx,mts,cts,json,css,scss,html}',
    '*-*.js',
    '+(a|b).js',
    '!(*.test).ts'.replace('*', 'x'),
    '[a-z]*/[!x]*',
    'file\\*\\*\\*\\*\\*.txt',
    'package-lock.json',
  ])('%s is used', (pattern) => {
    expect(isBounded(pattern)).toBe(true);
  });

  it.each([
    '+(a|a?)b',
    '+(+(a))b',
    '*(a*)b',
    '!(*.test).ts',
    '*a*a*a*b',
    '*a*a*b/*a*a*b',
    '**/a/**/a/**/a/**/a/**/b',
    '?(a)'.repeat(30),
    '{a,aa}'.repeat(30),
    '+(a)+(a)+(a)+(a)b',
    '+(a|a?',
  ])('%s could be compared for ever, and is not', (pattern) => {
    expect(isBounded(pattern)).toBe(false);
  });

  it('counts what is escaped or in brackets as letters', () => {
    expect(costOf('\\*\\*\\*\\*')).toBe(1);
    expect(costOf('[*][*][*][*]')).toBe(1);
    expect(costOf('+(a|b)')).toBe(2);
  });

  const LONG = [
    'a'.repeat(255),
    `${'a/'.repeat(100)}a`,
    `${`${'a'.repeat(200)}/`.repeat(10)}a`,
    'ab'.repeat(120),
    `${'aa/'.repeat(60)}b!`,
  ];

  it.each([
    '*a*a*b',
    '**/*a*a*b',
    '[a]*[a]*[a]*b',
    '{a,aa}'.repeat(20),
    'a**a**a**b',
    '?(a*)?(a*)?(a*)b',
    '**/a/**/a/**/b',
    '+(a)+(a)+(a)b',
    '+(a)*a*b',
    '@(a|aa)'.repeat(18),
    '?(a)'.repeat(20),
  ])('%s, as bad as one may be, takes no noticeable time on paths made for it', (pattern) => {
    expect(isBounded(pattern)).toBe(true);
    const isMatch = picomatch(pattern, { dot: true });
    const began = performance.now();
    for (const path of LONG) isMatch(path);
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
