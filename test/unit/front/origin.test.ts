/** Whose pages may use a service: by Origin or Referer, never by what a browser says of sites alone. */
import { describe, expect, it } from 'vitest';

import { decide } from '../../../src/front/decide.ts';
import { compileResting } from '../../../src/front/resting.ts';
import { createRestarts } from '../../../src/front/restarts.ts';
import { compileTable, type FrontRoute } from '../../../src/front/table.ts';
import type { RequestHead } from '../../../src/proxy/engine/engine.ts';
import { read } from '../contract/read.ts';
import { headOf, NAVIGATION, type Headers } from './head.ts';

const PORT = 7267;

const route = (host: string, more: Partial<FrontRoute> = {}): FrontRoute => ({
  host,
  service: host.split('.')[0] ?? '',
  port: 'http',
  route: { state: 'live', targets: [{ protocol: 'http', host: '127.0.0.1', port: 1 }] },
  ...more,
});

const table = compileTable([
  {
    slug: 'shop',
    key: 'shop',
    label: 'shop',
    routes: [
      route('api.shop.localhost'),
      route('api.localhost', { canonical: 'api.shop.localhost' }),
      route('web.localhost'),
      route('*.web.shop.localhost'),
      route('api.dev.example.com'),
      route('open.localhost', { browser: 'any' }),
      route('below.localhost', { path: '/api' }),
      route('login.localhost', { formPosts: ['https://login.example.com'] }),
      route('hidden.localhost', { formPosts: ['null'] }),
      route('some.localhost', { browser: ['https://x.example', 'chrome-extension://abc'] }),
    ],
    ports: new Set([20_031]),
  },
  { slug: 'blog', key: 'blog', label: 'blog', routes: [route('web.blog.localhost')] },
]);

const decideAbout = (head: RequestHead, routes = table): ReturnType<typeof decide> =>
  decide(
    head,
    {
      table: routes,
      expected: new Set(),
      resting: compileResting([]),
      restarts: createRestarts(),
      port: PORT,
    },
    (targets) => targets[0],
  );

function statusOf(headers: Headers, host = 'api.localhost:7267', more = {}): number {
  const decision = decideAbout(headOf(host, headers, more));
  return decision.action === 'reply' ? decision.reply.status : 200;
}

describe('a page of the same stack', () => {
  it.each([
    { origin: 'http://web.localhost:7267' },
    { origin: 'http://tenant.web.shop.localhost:7267' },
    { origin: 'http://api.shop.localhost:7267' },
    { origin: 'http://api.dev.example.com:7267' },
    { origin: 'http://WEB.localhost.:7267' },
    // Short names are different sites for a browser.
    { origin: 'http://web.localhost:7267', 'sec-fetch-site': 'cross-site' },
    { referer: 'http://web.localhost:7267/cart?x=1', 'sec-fetch-site': 'cross-site' },
    { referer: 'http://web.localhost:7267/' },
    { origin: 'http://web.localhost:7267', referer: 'https://evil.example/' },
    // Opened at the port of a service of the stack itself.
    { origin: 'http://127.0.0.1:20031' },
    { origin: 'http://localhost:20031' },
    { origin: 'https://localhost:20031' },
    { referer: 'http://[::1]:20031/page' },
  ])('may: %j', (headers) => {
    expect(statusOf(headers)).toBe(200);
  });

  it('may where the front is reached through another port, which is the one in its own address', () => {
    expect(statusOf({ origin: 'http://web.localhost' }, 'api.localhost')).toBe(200);
    expect(statusOf({ origin: 'http://web.localhost' }, 'api.localhost:7267')).toBe(403);
  });

  it('may when it is told to name itself to nobody', () => {
    expect(statusOf({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors' })).toBe(200);
    expect(statusOf({ 'sec-fetch-site': 'none' })).toBe(200);
    expect(statusOf({ origin: 'null', 'sec-fetch-site': 'same-origin' }, undefined, { method: 'POST' })).toBe(
      200,
    );
  });
});

describe('a page of somebody else', () => {
  it.each([
    { origin: 'https://evil.example' },
    { origin: 'http://evil.example:7267' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'http://web.localhost:7267, https://evil.example' },
    { origin: 'https://web.localhost:7267' },
    { origin: 'http://web.localhost:9999' },
    { origin: 'http://web.localhost.evil.example:7267' },
    { origin: 'http://web.localhost:7267@evil.example' },
    { origin: 'http://web.blog.localhost:7267' },
    // What a URL parser would take for the end of the host, or leave out.
    { origin: 'http://api.localhost:7267\\evil' },
    { origin: 'http://web.localhost:7267\\evil' },
    { origin: 'http://web.localhost:7267/evil' },
    { origin: 'http://web.localhost:7267?evil' },
    { origin: 'http://web.local\thost:7267' },
    { referer: 'http://web.localhost:7267\\evil' },
    { origin: 'http://127.0.0.1:20032' },
    { origin: 'http://127.0.0.1.evil.example:20031' },
    { origin: 'ftp://127.0.0.1:20031' },
    { origin: 'http://127.0.0.1:7267' },
    { origin: 'chrome-extension://abc' },
    { referer: 'https://evil.example/page' },
    { referer: 'nonsense' },
    { referer: 'https://evil.example/http://api.localhost:7267/' },
    { referer: 'http://api.localhost:7267@evil.example/' },
    { referer: 'http://api.localhost:7267.evil.example/' },
    { referer: 'http://evil.example\\@api.localhost:7267/' },
    { referer: 'https://api.localhost:7267/' },
    { origin: 'https://evil.example', referer: 'http://web.localhost:7267/' },
    // What the browser says of sites does not outweigh an origin.
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    { origin: 'null', 'sec-fetch-site': 'same-site' },
    { origin: 'null', 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    { ...NAVIGATION, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' },
  ])('may not: %j', (headers) => {
    expect(statusOf(headers)).toBe(403);
  });

  it('may not by any method, by a preflight, by a handshake, nor learn what the stack has', () => {
    const headers = { origin: 'https://evil.example' };
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
      expect(statusOf(headers, undefined, { method })).toBe(403);
    expect(statusOf(headers, undefined, { upgrade: true })).toBe(403);
    expect(statusOf(headers, undefined, { path: '/.well-known/portramp.json' })).toBe(403);
  });

  it('may link to a service, and not send it a form', () => {
    const link = { ...NAVIGATION, referer: 'https://evil.example/', 'sec-fetch-site': 'cross-site' };
    expect(statusOf(link, 'api.shop.localhost:7267')).toBe(200);
    expect(statusOf(link)).toBe(307);
    const form = { ...link, origin: 'https://evil.example' };
    expect(statusOf(form, 'api.shop.localhost:7267', { method: 'POST' })).toBe(403);
  });
});

describe('a host without a route for the path', () => {
  const at = (headers: Headers, path: string): number => statusOf(headers, 'below.localhost:7267', { path });

  it('says nothing to a page of somebody else', () => {
    for (const path of ['/', '/.well-known/portramp.json', '/api']) {
      expect(at({ origin: 'https://evil.example' }, path)).toBe(403);
    }
    expect(at({ origin: 'http://web.localhost:7267' }, '/.well-known/portramp.json')).toBe(200);
    expect(at({}, '/.well-known/portramp.json')).toBe(200);
    expect(at({}, '/')).toBe(404);
    expect(at({ ...NAVIGATION, referer: 'https://evil.example/' }, '/')).toBe(404);
  });
});

it('a handshake is no navigation, whatever it says', () => {
  const headers = { ...NAVIGATION, origin: 'https://evil.example' };
  expect(statusOf(headers, 'api.shop.localhost:7267', { upgrade: true })).toBe(403);
  expect(
    statusOf({ 'upgrade-insecure-requests': '1', origin: 'https://evil.example' }, undefined, {
      upgrade: true,
    }),
  ).toBe(403);
});

describe('a login elsewhere that comes back with a form', () => {
  const form = {
    ...NAVIGATION,
    'sec-fetch-site': 'cross-site',
    'content-type': 'application/x-www-form-urlencoded',
    origin: 'https://login.example.com',
  };
  const post = (headers: Headers, host = 'login.localhost:7267', more = {}): number =>
    statusOf(headers, host, { method: 'POST', ...more });

  it('is let in from where the contract says, and is all that is', () => {
    expect(post(form)).toBe(200);
    expect(post({ ...form, 'content-type': 'multipart/form-data; boundary=x' })).toBe(200);
    // Over plain HTTP to other domains browsers say less.
    const { origin, 'content-type': type } = form;
    expect(post({ origin, 'content-type': type, 'upgrade-insecure-requests': '1' })).toBe(200);
    expect(post({ ...form, origin: 'https://evil.example' })).toBe(403);
    expect(post({ ...form, origin: 'null' })).toBe(403);
    expect(post({ ...form, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toBe(403);
    expect(post({ ...form, 'sec-fetch-dest': 'iframe' })).toBe(403);
    expect(post({ ...form, 'content-type': 'application/json' })).toBe(403);
    expect(post(form, undefined, { method: 'PUT' })).toBe(403);
    expect(post(form, undefined, { upgrade: true })).toBe(403);
    expect(statusOf({ origin: 'https://login.example.com' }, 'login.localhost')).toBe(403);
    expect(post(form, 'api.shop.localhost:7267')).toBe(403);
  });

  it('may hide where it comes from, where the contract says so', () => {
    expect(post({ ...form, origin: 'null' }, 'hidden.localhost')).toBe(200);
    expect(post(form, 'hidden.localhost')).toBe(403);
  });

  it('is told the line that lets it in', () => {
    const decision = decideAbout(headOf('api.shop.localhost:7267', form, { method: 'POST' }));
    expect(decision.action === 'reply' && decision.reply.body).toContain(
      'access: { browser: { formPosts: [&quot;https://login.example.com&quot;] } }',
    );
  });
});

describe('a client that is no browser', () => {
  it('passes', () => {
    expect(statusOf({})).toBe(200);
    expect(statusOf({}, undefined, { method: 'POST' })).toBe(200);
    expect(statusOf({}, undefined, { upgrade: true })).toBe(200);
    // Node's fetch.
    expect(statusOf({ 'sec-fetch-mode': 'cors', accept: '*/*', 'accept-language': '*' })).toBe(200);
  });
});

describe('an open service', () => {
  it('serves whom the contract names', () => {
    expect(statusOf({ origin: 'https://evil.example' }, 'open.localhost')).toBe(200);
    expect(statusOf({ origin: 'null' }, 'open.localhost')).toBe(200);
    expect(statusOf({ origin: 'https://x.example' }, 'some.localhost')).toBe(200);
    expect(statusOf({ origin: 'https://x.example' }, 'some.localhost', { method: 'OPTIONS' })).toBe(200);
    expect(statusOf({ origin: 'https://x.example' }, 'some.localhost', { upgrade: true })).toBe(200);
    expect(statusOf({ referer: 'https://x.example/a' }, 'some.localhost')).toBe(200);
    expect(statusOf({ origin: 'chrome-extension://abc' }, 'some.localhost')).toBe(200);
    expect(statusOf({ referer: 'chrome-extension://abc/page.html' }, 'some.localhost')).toBe(200);
    expect(statusOf({ origin: 'http://x.example' }, 'some.localhost')).toBe(403);
    expect(statusOf({ origin: 'https://y.x.example' }, 'some.localhost')).toBe(403);
  });
});

describe('the refusal', () => {
  const refuse = (headers: Headers): unknown => {
    const decision = decideAbout(headOf('api.localhost:7267', headers));
    return decision.action === 'reply' ? JSON.parse(decision.reply.body) : undefined;
  };

  it('says which line lets the page in', () => {
    expect(refuse({ origin: 'https://X.example:444' })).toEqual({
      error: 'FOREIGN_PAGE',
      message:
        'A page of https://x.example:444 asked for the service api of shop. Only pages of the same stack may.',
      hint: 'services.api.access in portramp.yaml lets it in: access: { browser: { origins: ["https://x.example:444"] } }',
    });
    expect(refuse({ origin: 'null' })).toMatchObject({
      hint: expect.stringContaining('{ browser: any }') as string,
    });
  });

  it.each([
    ['a script', { origin: 'https://x.example' }, {}],
    ['a frame without an origin', { origin: 'null' }, {}],
    [
      'a form',
      { origin: 'https://x.example', 'content-type': 'application/x-www-form-urlencoded' },
      { method: 'POST' },
    ],
  ])('of %s ends when the contract has that line', (_what, headers, more) => {
    const head = headOf('api.shop.localhost:7267', headers, more);
    const decision = decideAbout(head);
    const { hint } = JSON.parse(decision.action === 'reply' ? decision.reply.body : '') as { hint: string };
    const [, line = ''] = /lets it in: (access: .+)$/.exec(hint) ?? [];
    const api = read(`services:\n  api: { command: run, ${line} }\n`).services.get('api');
    const { browser, formPosts } = (api?.kind === 'process' ? api.access : undefined) ?? {};
    const routes = [route('api.shop.localhost', { browser, formPosts })];
    const after = compileTable([{ slug: 'shop', key: 'shop', label: 'shop', routes, ports: new Set() }]);
    expect(decideAbout(head, after).action).not.toBe('reply');
  });
});
