import { describe, expect, it } from 'vitest';

import { forwardingHeaders } from '../../../src/front/forwarding.ts';
import { isNavigation, judge, wantsPage } from '../../../src/front/gate.ts';
import { compileTable } from '../../../src/front/table.ts';
import { headOf, NAVIGATION } from './head.ts';

const table = compileTable([
  {
    slug: 'shop',
    key: 'k',
    label: 'shop',
    routes: [{ host: 'api.localhost', service: 'api', port: 'http', route: { state: 'warming' } }],
  },
]);
const expected = new Set(['web.localhost']);
const verdictOf = (host: string, headers = {}): string =>
  judge(headOf(host, headers), table, expected).verdict;

describe('the gate', () => {
  it.each([
    ['api.localhost', 'served'],
    ['API.localhost.:1', 'served'],
    ['web.localhost', 'expected'],
    ['db.localhost', 'unknown'],
    ['localhost', 'unknown'],
    ['notlocalhost', 'foreign'],
    ['evil.example', 'foreign'],
    ['api.localhost.evil.example', 'foreign'],
    ['127.0.0.1', 'foreign'],
    ['[::1]', 'foreign'],
    ['', 'malformed'],
    ['api.localhost, evil', 'malformed'],
  ])('says of the Host %j: %s', (host, verdict) => {
    expect(verdictOf(host)).toBe(verdict);
  });

  it.each([
    ['1.1 portramp', 'served'],
    ['1.1 portramp, 1.1 vegur, 1.1 portramp, 1.1 portramp, 1.1 portramp', 'served'],
    ['1.1 portramp, 1.1 PortRamp, HTTP/1.1 portramp (x), 1.1 portramp,1.1 portramp', 'loop'],
    ['1.1 portramp-not, '.repeat(9), 'served'],
    ['portramp, '.repeat(9), 'served'],
  ])('says of Via %j: %s', (via, verdict) => {
    expect(verdictOf('api.localhost', { via })).toBe(verdict);
  });
});

describe('a navigation', () => {
  it('is what a browser opens in a tab', () => {
    expect(isNavigation(headOf('a', NAVIGATION))).toBe(true);
    expect(isNavigation(headOf('a', NAVIGATION, { method: 'HEAD' }))).toBe(true);
    expect(isNavigation(headOf('a', NAVIGATION, { method: 'POST' }))).toBe(false);
    expect(isNavigation(headOf('a', { ...NAVIGATION, 'sec-fetch-dest': 'iframe' }))).toBe(false);
    expect(isNavigation(headOf('a', { accept: 'text/html' }))).toBe(false);
    // As browsers ask hosts of other domains.
    const plain = { accept: 'text/html', 'upgrade-insecure-requests': '1' };
    expect(isNavigation(headOf('a', plain))).toBe(true);
    expect(isNavigation(headOf('a', plain, { method: 'POST' }))).toBe(false);
    expect(isNavigation(headOf('a', { ...plain, 'sec-fetch-mode': 'cors' }))).toBe(false);
  });

  it.each([
    [{ accept: 'text/html,*/*' }, true],
    [{ accept: 'text/html', 'sec-fetch-mode': 'navigate' }, true],
    [{ accept: 'text/html', 'sec-fetch-mode': 'cors' }, false],
    [{ accept: '*/*' }, false],
    [{ accept: 'application/json' }, false],
    [{}, false],
  ])('or something like it wants a page: %j %s', (headers, page) => {
    expect(wantsPage(headOf('a', headers))).toBe(page);
  });
});

describe('forwarding headers', () => {
  it('name an IPv6 client as RFC 7239 says, and go on with Via', () => {
    const head = headOf('api.localhost:1', { via: '1.0 fred' }, { remoteAddress: '::1' });
    expect(forwardingHeaders(head, 7267, undefined)).toEqual({
      'x-forwarded-for': '::1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'api.localhost:1',
      'x-forwarded-port': '7267',
      forwarded: 'for="[::1]";host="api.localhost:1";proto=http',
      via: '1.0 fred, 1.1 portramp',
    });
  });

  it('drop every claim of the client', () => {
    const headers = {
      'x-forwarded-anything': '1',
      'x-real-ip': '6.6.6.6',
      'x-forwarded-for': '6.6.6.6',
      // What is the same as a variable of CGI.
      x_forwarded_for: '6.6.6.6',
      'x-real-ipad': 'kept',
    };
    const made = forwardingHeaders(headOf('a.localhost', headers), 80, 'b.example');
    expect(made).toHaveProperty('x-forwarded-anything', undefined);
    expect(made).toHaveProperty('x-real-ip', undefined);
    expect(made).toHaveProperty('x_forwarded_for', undefined);
    expect(made).not.toHaveProperty('x-real-ipad');
    expect(made).toMatchObject({ 'x-forwarded-for': '127.0.0.1', host: 'b.example' });
  });
});
