/** Containers that run, and are not where they belong on the network. */
import { describe, expect, it } from 'vitest';

import { describeDetachment, findDetachment, mustBeMadeAnew } from '../../../src/runtime/compose/detached.ts';
import { readAttachment, type Attachment } from '../../../src/runtime/engine/attachment.ts';

const OLD = '2026-11-29T12:00:00.5Z';
const NEW = '2026-11-29T12:00:00.61234Z';

const on = (...names: string[]): Attachment => ({
  kind: 'networks',
  networks: names.map((name) => ({ name, id: `id-${name}` })),
});
const sharing = (state: string, startedAt: string): Attachment => ({
  kind: 'shared',
  ownerId: 'x',
  owner: { name: 'shop-web-1', state, startedAt },
});

describe('what the engine tells of networks', () => {
  it.each<[string | undefined, Parameters<typeof readAttachment>[0], Attachment]>([
    [
      'shop_a',
      { shop_a: { NetworkID: 'n' }, shop_b: null },
      {
        kind: 'networks',
        networks: [
          { name: 'shop_a', id: 'n' },
          { name: 'shop_b', id: '' },
        ],
      },
    ],
    ['shop_a', {}, { kind: 'networks', networks: [] }],
    ['shop_a', null, { kind: 'apart' }],
    [undefined, {}, { kind: 'apart' }],
    ['host', { host: { NetworkID: 'n' } }, { kind: 'apart' }],
    ['none', {}, { kind: 'apart' }],
    ['slirp4netns:x', {}, { kind: 'apart' }],
    ['container:abc', {}, { kind: 'shared', ownerId: 'abc' }],
  ])('of one made with %s', (mode, networks, expected) => {
    expect(readAttachment(networks, mode)).toEqual(expected);
  });
});

describe('a container', () => {
  const cases: [string, Attachment, string | undefined, RegExp | undefined, boolean][] = [
    ['where it belongs', on('a', 'b', 'more'), undefined, undefined, false],
    ['on none', on(), 'cut-off', /shop-it-1 is on no network any more: "portramp restart it"/, true],
    ['off one of two', on('a'), 'missing', /shop-it-1 is not on the network b: "portramp restart it"/, true],
    ['off both', on('c'), 'missing', /not on the networks a, b:/, true],
    ['apart', { kind: 'apart' }, undefined, undefined, false],
    ['beside one that runs', sharing('running', OLD), undefined, undefined, false],
    ['beside one that is paused', sharing('paused', OLD), undefined, undefined, false],
    [
      'beside one that was started again',
      sharing('running', NEW),
      'outdated',
      /had before it was started again/,
      false,
    ],
    ['beside one that ended', sharing('exited', OLD), 'bereft', /shop-web-1, which does not run/, false],
    ['beside one that is gone', { kind: 'shared', ownerId: 'x' }, 'orphaned', /one that is gone/, true],
  ];
  it.each(cases)('%s', (_, attachment, kind, words, isMadeAnew) => {
    const found = findDetachment({ attachment, startedAt: OLD }, ['a', 'b']);
    expect(found?.kind).toBe(kind);
    if (found !== undefined) expect(describeDetachment('shop-it-1', 'it', found)).toMatch(words ?? /^$/);
    expect(mustBeMadeAnew({ attachment, startedAt: OLD }, ['a', 'b'])).toBe(isMadeAnew);
  });

  it('whose network was removed is made anew, also where another one has its name now', () => {
    const container = { attachment: on('a'), startedAt: OLD };
    expect(mustBeMadeAnew(container, ['a'], new Set(['id-a', 'a']))).toBe(false);
    expect(mustBeMadeAnew(container, ['a'], new Set(['id-of-the-new-one', 'a']))).toBe(true);
    const neverRan: Attachment = { kind: 'networks', networks: [{ name: 'a', id: '' }] };
    expect(mustBeMadeAnew({ attachment: neverRan, startedAt: OLD }, ['a'], new Set())).toBe(false);
  });
});
