import { describe, expect, it } from 'vitest';

import { compilePatterns, rootsOf } from '../../../src/stack/watch/patterns.ts';

describe('patterns', () => {
  it.each([
    ['src/**', ['', 'src', 'src/a', 'src/a/b'], ['lib', 'docs/src']],
    ['src/**/*.ts', ['', 'src', 'src/a', 'src/a/b'], ['lib']],
    ['src/*.ts', ['', 'src'], ['src/a', 'lib']],
    ['apps/*/src/**', ['', 'apps', 'apps/web', 'apps/web/src', 'apps/web/src/a'], ['apps/web/dist', 'lib']],
    ['**/*.css', ['', 'a', 'a/b'], []],
    ['*.json', [''], ['a']],
    ['config.json', [''], ['a']],
    ['src', ['', 'src', 'src/a', 'src/a/b'], ['lib']],
    ['./src/', ['', 'src', 'src/a'], ['lib']],
    ['.', ['', 'a', 'a/b'], []],
    ['{src,lib}/**', ['', 'src', 'lib', 'lib/a'], ['docs']],
    ['{a/b,c}/*.ts', ['', 'a', 'a/b', 'c', 'd'], []],
    ['../shared/**', ['..', '../shared', '../shared/a'], ['../other']],
  ])('%s: which folders are looked into', (pattern, yes, no) => {
    const { descends } = compilePatterns([pattern]);
    expect([...yes, ...no].filter(descends)).toEqual(yes);
  });

  it.each([
    ['src/**', 'src/a/b.ts', 'lib/a.ts'],
    ['src/', 'src/a.ts', 'srcs/a.ts'],
    ['.', 'a/b.ts', undefined],
    ['src/*.ts', 'src/a.ts', 'src/a/b.ts'],
    ['../shared/**', '../shared/a.ts', 'shared/a.ts'],
  ])('%s: which files match', (pattern, yes, no) => {
    const { matches } = compilePatterns([pattern]);
    expect(matches(yes)).toBe(true);
    if (no !== undefined) expect(matches(no)).toBe(false);
  });

  it('begin in the folder, or above', () => {
    expect(rootsOf(compilePatterns(['src/**', '*.json']))).toEqual(['']);
    expect(rootsOf(compilePatterns(['src/**', '../a/**', '../../b/*.ts']))).toEqual(['', '..', '../..']);
  });
});
