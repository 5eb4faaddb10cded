import { describe, expect, it } from 'vitest';

import { checkClaim, checkRoutes, type WrittenRoute } from '../../../src/daemon/checks.ts';
import type { StackClaim } from '../../../src/protocol/messages.ts';

describe('routes', () => {
  it('may share a host, and not an address', () => {
    const a = { host: 'a.localhost' };
    expect(() => checkRoutes([a, { ...a, path: '/api' }, { ...a, path: '/api/v1' }])).not.toThrow();
    expect(() => checkRoutes([a, { ...a, path: '/' }])).toThrow('two routes claim a.localhost');
    expect(() =>
      checkRoutes([
        { ...a, path: '/x' },
        { ...a, path: '/x' },
      ]),
    ).toThrow('two routes claim a.localhost/x');
    expect(() => checkRoutes([{ ...a, path: 'x' }])).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE' }),
    );
  });

  const ODD = ['/a\r\nx: y', '/a b', '/a\0', '/ä', '/a#b', '/a?b', '', 'a', '*', '/a\x7f'];
  const target = (host: string): NonNullable<WrittenRoute['route']> => ({
    state: 'live',
    targets: [{ protocol: 'http', host, port: 80 }],
  });

  it.each([
    ...ODD.flatMap((text): [string, Partial<WrittenRoute>][] => [
      ['path', { path: text }],
      ['rewrite', { rewrite: text }],
    ]),
    ...['a\r\nx: y', 'a b', '', 'a/b', 'a@b', 'a:port', 'ä'].flatMap(
      (text): [string, Partial<WrittenRoute>][] => [
        ['canonical', { canonical: text }],
        ['hostHeader', { hostHeader: text }],
        ['target', { route: target(text) }],
      ],
    ),
  ])('have no %s that would not stay in its place: %j', (_, part) => {
    const check = () => checkRoutes([{ host: 'a.localhost', ...part }]);
    // Names of sockets may be IPv6 addresses, with colons.
    if (part.route !== undefined && JSON.stringify(part).includes('a:port'))
      return expect(check).not.toThrow();
    expect(check).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
  });

  it('have what contracts have', () => {
    const parts: Partial<WrittenRoute>[] = [
      { path: "/api/v1.0/~x/%20/a;b=c,d/(e)/'f'!*&@", rewrite: '/' },
      { canonical: 'api.shop.localhost', hostHeader: 'example.com:8443' },
      { hostHeader: '[::1]:8080', route: target('::1') },
      { hostHeader: '10.0.0.1', route: target('my_host.internal') },
    ];
    for (const part of parts) expect(() => checkRoutes([{ host: 'a.localhost', ...part }])).not.toThrow();
  });
});

describe('a claim', () => {
  const claim: StackClaim = {
    root: '/src/shop',
    environment: 'dev',
    workspace: 'shop',
    workspaceId: 'f00',
    main: true,
  };

  it.each([
    { root: '' },
    { root: 'shop' },
    { root: './shop' },
    { root: '/src/../etc' },
    { root: '/src//shop' },
    { root: '/src/shop/' },
    { root: '/src/shop\0dev' },
    { root: `/${'x'.repeat(5_000)}` },
    // The key of what a whole workspace holds.
    { root: 'f00' },
    { environment: '' },
    { environment: 'a\0b' },
    { environment: '../x' },
    { environment: 'a b' },
    { workspaceId: '' },
    { workspaceId: '/src/other' },
    { workspaceId: 'a\0b' },
  ])('is refused with %j', (part) => {
    expect(() => checkClaim({ ...claim, ...part })).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
  });

  it.each([
    {},
    { root: '/' },
    { root: '/with space/and\nbreak/back\\slash' },
    { environment: 'test' },
    { environment: 'e2e-ci_1' },
  ])('is believed with %j', (part) => {
    expect(() => checkClaim({ ...claim, ...part })).not.toThrow();
  });
});
