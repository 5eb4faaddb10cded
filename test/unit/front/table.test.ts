import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compileTable, normaliseHost, type FrontStack, type Match } from '../../../src/front/table.ts';

const label = fc.constantFrom('a', 'b', 'api', 'web', 'shop', 'localhost');
const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const stacks: fc.Arbitrary<FrontStack[]> = fc.array(
  fc.record({
    slug: label,
    key: fc.string(),
    label: fc.string(),
    routes: fc.array(
      fc.record({ host, service: label, port: label, route: fc.constant({ state: 'warming' as const }) }),
      { maxLength: 6 },
    ),
  }),
  { maxLength: 4 },
);

/** What the table means, read from the data without an index. */
function findSlowly(all: readonly FrontStack[], wanted: string): Match | undefined {
  for (const stack of all) {
    const route = stack.routes.find((one) => one.host === wanted);
    if (route !== undefined) return { stack, route };
  }
  return undefined;
}

describe('the table', () => {
  it('finds what a naive matcher finds', () => {
    fc.assert(
      fc.property(stacks, host, (all, wanted) => {
        const match = compileTable(all).find(wanted);
        const expected = findSlowly(all, wanted);
        expect(match?.route).toBe(expected?.route);
        expect(match?.stack).toBe(expected?.stack);
      }),
    );
  });

  it('lists every host once', () => {
    fc.assert(
      fc.property(stacks, (all) => {
        const { hosts } = compileTable(all);
        expect([...hosts].sort()).toEqual(
          [...new Set(all.flatMap(({ routes }) => routes.map((route) => route.host)))].sort(),
        );
      }),
    );
  });

  it('does not change when the stacks that it was made of do', () => {
    const routes = [
      { host: 'a.localhost', service: 'a', port: 'http', route: { state: 'warming' as const } },
    ];
    const table = compileTable([{ slug: 's', key: 'k', label: 'l', routes }]);
    routes.length = 0;
    expect(table.find('a.localhost')?.route.service).toBe('a');
  });
});

describe('a host', () => {
  it.each([
    ['api.localhost', 'api.localhost'],
    ['API.Localhost', 'api.localhost'],
    ['api.localhost.', 'api.localhost'],
    ['api.localhost:80', 'api.localhost'],
    ['api.localhost.:8080', 'api.localhost'],
    ['api.localhost:', 'api.localhost'],
    ['xn--bcher-kva.localhost', 'xn--bcher-kva.localhost'],
    ['my_api.localhost', 'my_api.localhost'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]:80', '[::1]'],
    ['[::FFFF:7F00:1]', '[::ffff:7f00:1]'],
  ])('%s is %s', (header, expected) => {
    expect(normaliseHost(header)).toBe(expected);
  });

  it.each([
    '',
    '.',
    'a..b',
    '.localhost',
    'a.localhost..',
    'a b',
    'a.localhost ',
    'a.localhost:x',
    'a.localhost:123456',
    'a@b',
    'a/b',
    'a,b',
    'a\tb',
    '::1',
    '[::1',
    'ä.localhost',
    `${'a.'.repeat(200)}localhost`,
  ])('%j is none', (header) => {
    expect(normaliseHost(header)).toBeUndefined();
  });

  it('stays as it is when it is normalised again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webAuthority()), (text) => {
        const once = normaliseHost(text);
        if (once !== undefined) expect(normaliseHost(once)).toBe(once);
      }),
    );
  });
});
