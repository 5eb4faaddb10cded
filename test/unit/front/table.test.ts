import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { rewritePath } from '../../../src/front/rewrite.ts';
import {
  compileTable,
  normaliseHost,
  type FrontRoute,
  type FrontStack,
  type Match,
} from '../../../src/front/table.ts';

const label = fc.constantFrom('a', 'b', 'api', 'web', 'shop', 'localhost');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const host = fc.tuple(fc.boolean(), name).map(([isWild, text]) => (isWild ? `*.${text}` : text));
const segment = fc.constantFrom('api', 'apix', 'a', '', '%61');
const prefix = fc.oneof(
  fc.constant(undefined),
  fc.constant('/'),
  fc.array(segment.filter(Boolean), { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
);
const target = fc
  .tuple(fc.array(segment, { maxLength: 5 }), fc.constantFrom('', '?', '?a=/api/a', '/', '//?x'))
  .map(([parts, end]) => `/${parts.join('/')}${end}`);
const stacks: fc.Arbitrary<FrontStack[]> = fc.array(
  fc.record({
    slug: label,
    key: fc.string(),
    label: fc.string(),
    routes: fc.array(
      fc.record({
        host,
        path: prefix,
        service: label,
        port: label,
        route: fc.constant({ state: 'warming' as const }),
      }),
      { maxLength: 8 },
    ),
  }),
  { maxLength: 4 },
);

/** What the table means, read from the data without an index. */
function findSlowly(all: readonly FrontStack[], wanted: string, asked: string): Match | undefined {
  const matches = all.flatMap((stack) => stack.routes.map((route) => ({ stack, route })));
  const covers = ({ route }: Match): boolean =>
    route.host === wanted || (route.host.startsWith('*.') && wanted.endsWith(route.host.slice(1)));
  // `*.a.b` is shorter than any name that it covers, and longer than a wildcard that covers more.
  const hosts = matches.filter(covers).map(({ route }) => route.host);
  const best = hosts.includes(wanted) ? wanted : hosts.toSorted((a, b) => b.length - a.length)[0];
  const [path = ''] = asked.split('?');
  const below = (match: Match): boolean => {
    const own = match.route.path ?? '/';
    return own === '/' || path === own || path.startsWith(`${own}/`);
  };
  const length = ({ route }: Match): number => (route.path ?? '/').length;
  return matches
    .filter((match) => match.route.host === best && below(match))
    .toSorted((a, b) => length(b) - length(a))[0];
}

describe('the table', () => {
  it('finds what a naive matcher finds', () => {
    fc.assert(
      fc.property(stacks, name, target, (all, wanted, asked) => {
        const match = compileTable(all).find(wanted, asked);
        const expected = findSlowly(all, wanted, asked);
        expect(match?.route).toBe(expected?.route);
        expect(match?.stack).toBe(expected?.stack);
      }),
      { numRuns: 1_000 },
    );
  });

  it('lists every host once, and no wildcard', () => {
    fc.assert(
      fc.property(stacks, (all) => {
        const { hosts } = compileTable(all);
        const named = all.flatMap(({ routes }) => routes.map((route) => route.host));
        expect([...hosts].sort()).toEqual([...new Set(named)].filter((one) => !one.startsWith('*.')).sort());
      }),
    );
  });

  it('does not change when the stacks that it was made of do', () => {
    const routes = [
      { host: 'a.localhost', service: 'a', port: 'http', route: { state: 'warming' as const } },
    ];
    const table = compileTable([{ slug: 's', key: 'k', label: 'l', routes }]);
    routes.length = 0;
    expect(table.find('a.localhost', '/')?.route.service).toBe('a');
  });
});

describe('a path', () => {
  const at = (host: string, service: string, path?: string): FrontRoute => ({
    host,
    path,
    service,
    port: 'http',
    route: { state: 'warming' },
  });
  const table = compileTable([
    {
      slug: 's',
      key: 'k',
      label: 'l',
      routes: [
        at('web', 'web'),
        at('web', 'api', '/api'),
        at('web', 'v2', '/api/v2'),
        at('*.web', 'tenant'),
        at('*.eu.web', 'europe'),
        at('only', 'api', '/api'),
        at('*.only', 'tenant'),
      ],
    },
  ]);
  it.each([
    ['web', '/', 'web'],
    ['web', '*', 'web'],
    ['web', '/api', 'api'],
    ['web', '/api/', 'api'],
    ['web', '/api?x', 'api'],
    ['web', '/api/x', 'api'],
    ['web', '/apix', 'web'],
    ['web', '/x/api', 'web'],
    ['web', '/?/api', 'web'],
    ['web', '/api/v2/y', 'v2'],
    ['web', '/api/v22', 'api'],
    ['web', '//api', 'web'],
    ['a.web', '/api', 'tenant'],
    ['a.b.web', '/', 'tenant'],
    ['a.eu.web', '/', 'europe'],
    ['a.b.eu.web', '/', 'europe'],
    ['eu.web', '/', 'tenant'],
    ['only', '/api/x', 'api'],
    ['only', '/x', undefined],
    ['xweb', '/', undefined],
  ])('%s%s leads to %s', (wanted, asked, service) => {
    expect(table.find(wanted, asked)?.route.service).toBe(service);
  });

  it('that no route of the host has leaves the host with its stack', () => {
    expect(table.find('only', '/x')).toBeUndefined();
    expect(table.findHost('only')?.stack.slug).toBe('s');
    expect(table.findHost('nobody')).toBeUndefined();
  });
});

describe('a rewritten path', () => {
  it.each([
    ['/api/x?y', '/api', '/', '/x?y'],
    ['/api', '/api', '/', '/'],
    ['/api/', '/api', '/', '/'],
    ['/api?y=/api', '/api', '/', '/?y=/api'],
    ['/api/x', '/api', '/v1', '/v1/x'],
    ['/api', '/api', '/v1', '/v1'],
    ['/api?y', '/api', '/v1', '/v1?y'],
    ['/x', '/', '/v1', '/v1/x'],
    ['/api//evil.example/x', '/api', '/', '/evil.example/x'],
    ['/api/a//b', '/api', '/', '/a//b'],
    ['*', '/', '/v1', '*'],
  ])('%s with %s as %s is %s', (path, own, replacement, expected) => {
    expect(rewritePath(path, own, replacement)).toBe(expected);
  });

  it('starts with exactly one slash', () => {
    fc.assert(
      fc.property(target, fc.constantFrom('/', '/v1', '/v/1'), (rest, replacement) => {
        expect(rewritePath(`/api${rest}`, '/api', replacement)).toMatch(/^\/(?!\/)/);
      }),
    );
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
