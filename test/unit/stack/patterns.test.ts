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

  it('take away with !, whatever their order', () => {
    const { matches, descends, bases } = compilePatterns(['!src/boot.txt', 'src/**', '!./src/gen/']);
    expect(bases).toEqual(['src']);
    expect(['src/a', 'src/boot.txt', 'src/gen/a', 'lib/a'].filter(matches)).toEqual(['src/a']);
    expect(descends('lib')).toBe(false);
    expect(['a', 'boot.txt'].filter(compilePatterns(['!boot.txt']).matches)).toEqual(['a']);
    expect(['src/a', 'src/b'].filter(compilePatterns(['src/!(b)']).matches)).toEqual(['src/a']);
  });

  const EDITORS = [
    '.a.js.swp',
    '.a.js.swo',
    '.a.js.un~',
    '4913',
    'a.js~',
    '.#a.js',
    '#a.js#',
    '.a.js.kate-swp',
    'a.js___jb_tmp___',
    'a.js___jb_old___',
    '.goutputstream-XV5L92',
    '.DS_Store',
    '._a.js',
    'Thumbs.db',
  ];

  it.each(EDITORS)("%s is an editor's own: it counts only where it is named itself", (name) => {
    for (const pattern of ['src/**', 'src', '.', 'src/*', '**/.*'])
      expect([pattern, compilePatterns([pattern]).matches(`src/${name}`)]).toEqual([pattern, false]);
    expect(compilePatterns(['lib/**', `src/${name}`]).matches(`src/${name}`)).toBe(true);
  });

  it.each(['a.js', '.env', '.eslintrc', 'a.swp.js', '4913.js', 'a.tmp', '#', '.swp', 'notes.org', 'a~b'])(
    '%s is a source',
    (name) => {
      expect(compilePatterns(['src/**']).matches(`src/${name}`)).toBe(true);
    },
  );

  it('begin in the folder, or above', () => {
    expect(rootsOf(compilePatterns(['src/**', '*.json']))).toEqual(['']);
    expect(rootsOf(compilePatterns(['src/**', '../a/**', '../../b/*.ts']))).toEqual(['', '..', '../..']);
  });
});
