import { describe, expect, it } from 'vitest';

import { grantHosts, withoutRefused } from '../../../src/daemon/hosts.ts';
import {
  emptyLedger,
  putStack,
  setHosts,
  type LedgerKey,
  type LedgerStack,
} from '../../../src/ports/ledger.ts';

const stackOf = (slug: string, workspaceId = `id of ${slug}`): LedgerStack => ({
  root: `/src/${slug}`,
  environment: 'dev',
  workspace: slug,
  workspaceId,
  main: true,
  slug,
  index: 0,
  firstSeen: '2026-01-01T00:00:00.000Z',
});

const shop = stackOf('shop');
const blog = stackOf('blog');
const ledger = setHosts(putStack(putStack(emptyLedger, shop), blog), shop, [
  'api.shop.localhost',
  'api.localhost',
]);
const always = { isAlive: () => true, isAttached: () => true, borrows: true };
const resting = { isAlive: () => true, isAttached: () => false, borrows: false };
const lending = { ...resting, borrows: true };
const gone = { isAlive: (key: LedgerKey) => key.root !== shop.root, isAttached: () => false, borrows: false };

describe('host names', () => {
  it('below the own slug are always granted', () => {
    expect(
      grantHosts(ledger, blog, ['api.blog.localhost', 'admin.api.blog.localhost'], always),
    ).toMatchObject({
      granted: ['api.blog.localhost', 'admin.api.blog.localhost'],
      refused: {},
      borrowed: {},
    });
  });

  it('that are short stay with the first stack that asked', () => {
    expect(grantHosts(ledger, blog, ['api.localhost', 'web.localhost'], always)).toMatchObject({
      granted: ['web.localhost'],
      refused: { 'api.localhost': 'shop' },
      borrowed: {},
    });
    expect(grantHosts(ledger, blog, ['api.localhost'], resting).refused).toEqual({ 'api.localhost': 'shop' });
    expect(grantHosts(ledger, shop, ['api.localhost'], always).granted).toEqual(['api.localhost']);
  });

  it('that are short are lent by a stack of another workspace that rests, to one that is started', () => {
    const granted = grantHosts(ledger, blog, ['api.localhost', 'web.localhost'], lending);
    expect(granted).toEqual({
      granted: ['api.localhost', 'web.localhost'],
      refused: {},
      borrowed: { 'api.localhost': 'shop' },
    });
    const lent = setHosts(ledger, blog, granted.granted);
    expect(grantHosts(lent, shop, ['api.localhost'], always).refused).toEqual({ 'api.localhost': 'blog' });
    expect(grantHosts(lent, shop, ['api.localhost'], lending).borrowed).toEqual({ 'api.localhost': 'blog' });
    expect(grantHosts(ledger, blog, ['api.shop.localhost'], lending).refused).toEqual({
      'api.shop.localhost': 'shop',
    });
  });

  it('that are short are free again when the holder is gone', () => {
    expect(grantHosts(ledger, blog, ['api.localhost'], gone).granted).toEqual(['api.localhost']);
  });

  it('that are short pass within a workspace while the holder rests', () => {
    const test = { ...shop, environment: 'test', slug: 'shop-test' };
    const both = putStack(ledger, test);
    expect(grantHosts(both, test, ['api.localhost'], always).refused).toEqual({ 'api.localhost': 'shop' });
    expect(grantHosts(both, test, ['api.localhost'], resting).granted).toEqual(['api.localhost']);
  });

  it("below another stack's slug are refused", () => {
    expect(grantHosts(ledger, blog, ['web.shop.localhost'], resting).refused).toEqual({
      'web.shop.localhost': 'shop',
    });
    expect(grantHosts(ledger, blog, ['a.web.shop.localhost'], resting).granted).toEqual([]);
  });

  it('of portramp itself are nobody else’s', () => {
    expect(grantHosts(ledger, blog, ['portramp.localhost'], always).refused).toEqual({
      'portramp.localhost': 'portramp',
    });
  });

  it.each([
    'localhost',
    'example',
    '*.localhost',
    '*.com',
    'a.*.example.com',
    '127.0.0.1',
    '[::1]',
    'API.localhost',
    'a..localhost',
    '-a.localhost',
    'a.localhost.',
    'a b.localhost',
    `${'x'.repeat(64)}.localhost`,
    '',
  ])('such as %j fail the whole snapshot', (host) => {
    expect(() => grantHosts(ledger, blog, ['web.blog.localhost', host], always)).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE' }),
    );
  });

  it('of other domains go to the first stack that asks', () => {
    const asked = ['api.dev.example.com', '*.dev.example.com'];
    expect(grantHosts(ledger, shop, asked, always)).toMatchObject({ granted: asked, refused: {} });
    const held = setHosts(ledger, shop, asked);
    expect(grantHosts(held, blog, asked, resting).refused).toEqual({
      'api.dev.example.com': 'shop',
      '*.dev.example.com': 'shop',
    });
    expect(grantHosts(held, blog, asked, gone).granted).toEqual(asked);
  });

  it('that are another stack’s own are nobody else’s, unless that stack is gone', () => {
    const asked = ['shop.localhost', 'admin.shop.localhost', '*.shop.localhost'];
    const refused = Object.fromEntries(asked.map((host) => [host, 'shop']));
    expect(grantHosts(ledger, blog, asked, always)).toMatchObject({ granted: [], refused });
    expect(grantHosts(ledger, blog, asked, resting)).toMatchObject({ granted: [], refused });
    expect(grantHosts(ledger, blog, asked, gone).granted).toEqual(asked);
    expect(grantHosts(ledger, shop, asked, always).granted).toEqual(asked);
    // Who had it before that stack got its name keeps it.
    const before = setHosts(ledger, shop, ['blog.localhost']);
    expect(grantHosts(before, shop, ['blog.localhost'], always).granted).toEqual([]);
  });

  it("below another stack's wildcard are taken, and a wildcard over another's name is not", () => {
    const held = setHosts(ledger, shop, ['*.dev.example.com', 'api.example.org']);
    const asked = ['a.dev.example.com', 'a.b.dev.example.com', '*.eu.dev.example.com', '*.example.org'];
    expect(grantHosts(held, blog, asked, resting)).toMatchObject({
      granted: ['*.example.org'],
      refused: {
        'a.dev.example.com': 'shop',
        'a.b.dev.example.com': 'shop',
        '*.eu.dev.example.com': 'shop',
      },
    });
    expect(grantHosts(held, shop, asked, always).refused).toEqual({});
  });
});

describe('a snapshot', () => {
  it('is routed and shown without the hosts that were refused', () => {
    const hosts = ['api.blog.localhost', 'api.localhost'];
    const port = { name: 'http', appProtocol: 'http', port: 1, targetPort: 1, hosts };
    const snapshot = {
      services: [{ name: 'api', kind: 'process', state: 'ready' as const, restarts: 0, ports: [port] }],
      routes: hosts.map((host) => ({
        host,
        service: 'api',
        port: 'http',
        route: { state: 'warming' as const },
      })),
    };
    const reduced = withoutRefused(snapshot, { 'api.localhost': 'shop' });
    expect(reduced.routes.map((route) => route.host)).toEqual(['api.blog.localhost']);
    expect(reduced.services[0]?.ports[0]?.hosts).toEqual(['api.blog.localhost']);
    expect(withoutRefused(snapshot, {})).toBe(snapshot);
  });
});
