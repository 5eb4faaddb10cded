import { expect, it } from 'vitest';

import { demandSameProjects } from '../../../src/stack/compose/renamed.ts';

const stackOf = (name?: string, shared?: string) =>
  ({
    compose:
      name === undefined
        ? undefined
        : { project: { name }, shared: shared === undefined ? undefined : { project: { name: shared } } },
  }) as Parameters<typeof demandSameProjects>[0];

it.each([
  ['the same name', stackOf('shop', 'all'), stackOf('shop', 'all')],
  ['a first project', stackOf(), stackOf('shop')],
  ['no project any more', stackOf('shop', 'all'), stackOf()],
  ['a first shared one', stackOf('shop'), stackOf('shop', 'all')],
])('%s is taken', (_name, last, next) => {
  expect(() => demandSameProjects(last, next)).not.toThrow();
});

it.each([
  [stackOf('shop'), stackOf('other'), 'would be called "other" now, and its containers are in "shop"'],
  [stackOf('shop', 'all'), stackOf('shop', 'both'), 'would be called "both" now'],
])('another name is not, while containers may be in the old one', (last, next, words) => {
  expect(() => demandSameProjects(last, next)).toThrow(words);
});
