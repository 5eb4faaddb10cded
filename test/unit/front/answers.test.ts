/** What the front says in which case, and what it passes on. */
import { describe, expect, it } from 'vitest';

import { describeStack } from '../../../src/front/discovery.ts';
import { headersFor } from '../../../src/front/forwarding.ts';
import * as notices from '../../../src/front/notices.ts';
import { rewritePath } from '../../../src/front/rewrite.ts';
import type { FrontRoute, Match, RouteFailure } from '../../../src/front/table.ts';
import { createTlsFinder } from '../../../src/front/tls-finder.ts';
import type { Target } from '../../../src/proxy/engine/engine.ts';
import { createManualClock } from '../manual-clock.ts';
import { headOf } from './head.ts';

const routeOf = (more: Partial<FrontRoute> = {}): FrontRoute => ({
  host: 'api.shop.localhost',
  service: 'api',
  port: 'http',
  route: { state: 'stopped' },
  ...more,
});
const matchOf = (more: Partial<FrontRoute> = {}): Match => {
  const route = routeOf(more);
  return { stack: { slug: 'shop', key: 'k', label: 'shop', routes: [route] }, route };
};
const TARGET: Target = { protocol: 'http', host: '127.0.0.1', port: 4_000 };

describe('a service that failed', () => {
  it.each<[Omit<RouteFailure, 'log'>, string]>([
    [{ message: 'it crashed', exitCode: 3 }, 'failed: it crashed. Exit code 3.'],
    [{ message: 'it crashed', exitCode: 0 }, 'failed: it crashed. Exit code 0.'],
    [{ message: 'exited with code 3', exitCode: 3 }, 'failed: exited with code 3.'],
    [{ message: 'it crashed!', signal: 'SIGKILL' }, 'failed: it crashed! Ended by SIGKILL.'],
    [{ message: 'ended by SIGKILL', signal: 'SIGKILL' }, 'failed: ended by SIGKILL.'],
    [{ message: 'it needs db?' }, 'failed: it needs db?'],
  ])('with %j is told once how it ended', (failure, said) => {
    expect(notices.failed(matchOf(), { ...failure, log: [] }).message).toBe(
      `The service api of shop ${said}`,
    );
  });

  it('has the hint of its failure, or the command that starts it again', () => {
    const failure = { message: 'x', log: [] };
    expect(notices.failed(matchOf(), { ...failure, hint: 'npm install' }).hint).toBe('npm install');
    expect(notices.failed(matchOf(), failure).hint).toBe('portramp restart --stack shop api');
    expect(notices.silent(matchOf(), { ...failure, hint: 'npm install' }).hint).toBe('npm install');
    expect(notices.silent(matchOf(), failure).hint).toBe('portramp logs --stack shop api');
  });
});

it.each<[Partial<FrontRoute>, string, string]>([
  [{}, 'read ECONNRESET', 'portramp logs --stack shop api'],
  [{ hostHeader: 'api.example' }, 'read ECONNRESET', 'portramp why --stack shop api'],
  [{ hostHeader: 'api.example' }, 'self-signed certificate', 'services.api.tls: { ca: FILE.pem }'],
  [{}, 'self-signed certificate', 'portramp logs --stack shop api'],
])('of a target %j that fails with %j, the hint is %j', (route, message, hint) => {
  expect(notices.unreachable(matchOf(route), TARGET, new Error(message)).hint).toContain(hint);
});

it('a service that speaks TLS is told the line to write for its kind', () => {
  expect(notices.speaksTls(matchOf(), TARGET).hint).toContain(
    'services.api.ports: { http: { appProtocol: https } }',
  );
  expect(notices.speaksTls(matchOf({ hostHeader: 'x' }), { ...TARGET, host: 'x' }).hint).toContain(
    'services.api.external: https://x:4000',
  );
});

it('a stack that nobody runs is started with its environment', () => {
  const stack = { slug: 's', label: 's', root: '/a b', hosts: [] };
  expect(notices.resting('h', stack).hint).toBe("cd '/a b' && portramp dev");
  expect(notices.resting('h', { ...stack, environment: 'e2e' }).hint).toBe(
    "cd '/a b' && portramp dev --env e2e",
  );
});

it('a stack whose checkout is gone is started nowhere: what forgets it is said', () => {
  const stack = { slug: 's', label: 's', root: '/a', hosts: [], gone: true };
  expect(notices.resting('h', stack)).toMatchObject({ code: 'STACK_NOT_RUNNING', hint: 'portramp clean' });
  expect(notices.resting('h', stack).message).toContain('/a was removed or moved');
});

describe('a page of another site', () => {
  const form = { 'content-type': 'text/plain', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  it.each([
    [{}, 'https://x.example', '{ origins: ["https://x.example"] }', 'https://x.example'],
    [{}, 'null', 'any', 'another site'],
    [{}, undefined, 'any', 'another site'],
    [form, 'https://x.example', '{ formPosts: ["https://x.example"] }', 'https://x.example'],
    [form, 'null', '{ formPosts: ["null"] }', 'another site'],
    [form, undefined, 'any', 'another site'],
  ])('that asks with %j from %j may be let in with %s', (headers, origin, access, who) => {
    const method = headers === form ? 'POST' : 'GET';
    const { hint, message } = notices.foreignPage(headOf('a', headers, { method }), matchOf(), origin);
    expect(hint).toContain(`access: { browser: ${access} }`);
    expect(message).toContain(`A page of ${who} asked`);
  });
});

describe('what a service is told of its client', () => {
  it('is one object while nothing in it changes, and another one as soon as something does', () => {
    const route = routeOf({ path: '/api', rewrite: '/', hostHeader: 'x' });
    const head = headOf('a');
    const first = headersFor(head, route, 80);
    expect(first).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'a',
      'x-forwarded-port': '80',
      'x-forwarded-prefix': '/api',
      forwarded: 'for=127.0.0.1;host="a";proto=http',
      via: '1.1 portramp',
      host: 'x',
    });
    expect(headersFor(headOf('a'), route, 80)).toBe(first);
    const six = headersFor(headOf('a', {}, { remoteAddress: '::1' }), route, 80);
    expect(six).toMatchObject({ 'x-forwarded-for': '::1', forwarded: 'for="[::1]";host="a";proto=http' });
    expect(headersFor(headOf('b'), route, 80)).toMatchObject({ 'x-forwarded-host': 'b' });
    expect(headersFor(headOf('b'), route, 81)).toMatchObject({ 'x-forwarded-port': '81' });
    const claims = { via: '1.1 x', 'x-forwarded-user': 'root', 'x-real-ip': '1.2.3.4', 'x-other': '1' };
    const claimed = headersFor(headOf('b', claims), route, 81);
    expect(claimed).toMatchObject({ via: '1.1 x, 1.1 portramp', 'x-forwarded-host': 'b' });
    expect(Object.entries(claimed).filter(([, value]) => value === undefined)).toEqual([
      ['x-forwarded-user', undefined],
      ['x-real-ip', undefined],
    ]);
    expect(headersFor(headOf('b'), route, 81)).not.toHaveProperty('x-real-ip');
  });

  it('has a prefix only where one was taken away', () => {
    const prefixOf = (more: Partial<FrontRoute>): unknown =>
      headersFor(headOf('a'), routeOf(more), 80)['x-forwarded-prefix'];
    expect(prefixOf({ path: '/api', rewrite: '/' })).toBe('/api');
    expect(prefixOf({ path: '/api' })).toBeUndefined();
    expect(prefixOf({ path: '/', rewrite: '/v1' })).toBeUndefined();
    expect(prefixOf({ rewrite: '/v1' })).toBeUndefined();
  });
});

it.each([
  ['/api/x?y', '/api', '/', '/x?y'],
  ['/api', '/api', '/', '/'],
  ['/api?x', '/api', '/', '/?x'],
  ['/api//evil', '/api', '/', '/evil'],
  ['/api/x', '/api', '/v1', '/v1/x'],
  ['/x', '/', '/v1', '/v1/x'],
  ['/x', '/', '/', '/x'],
  ['*', '/', '/v1', '*'],
])('the path %s below %s becomes, with %s in its place, %s', (path, prefix, replacement, expected) => {
  expect(rewritePath(path, prefix, replacement)).toBe(expected);
});

it('a stack is described with each port once, under its long name', () => {
  const routes = [
    routeOf({ host: 'api.localhost', canonical: 'api.shop.localhost' }),
    routeOf(),
    routeOf({ path: '/v1' }),
    routeOf({ host: 'admin.localhost', port: 'admin', path: '/in', route: { state: 'warming' } }),
    routeOf({ service: 'web', host: 'web.localhost', path: '/' }),
  ];
  const { services } = describeStack(
    { slug: 'shop', key: 'k', label: 'shop', routes },
    (host) => `http://${host}`,
  );
  expect(services).toEqual([
    {
      name: 'api',
      ports: [
        {
          name: 'http',
          state: 'stopped',
          url: 'http://api.shop.localhost',
          hosts: ['api.localhost', 'api.shop.localhost'],
        },
        { name: 'admin', state: 'warming', url: 'http://admin.localhost/in', hosts: ['admin.localhost'] },
      ],
    },
    {
      name: 'web',
      ports: [{ name: 'http', state: 'stopped', url: 'http://web.localhost', hosts: ['web.localhost'] }],
    },
  ]);
});

describe('whether a target speaks TLS', () => {
  const broken = new Error('socket hang up');

  it('is looked at when it failed in a way that may be that, once in five seconds', async () => {
    const clock = createManualClock();
    await clock.advance(100);
    let looks = 0;
    let speaks = false;
    const finder = createTlsFinder({ clock, look: async () => ((looks += 1), speaks) });
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    expect(await finder.suspect(TARGET, refused)).toBe(false);
    expect(await finder.suspect({ ...TARGET, protocol: 'https' }, broken)).toBe(false);
    expect(looks).toBe(0);
    expect(await finder.suspect(TARGET, broken)).toBe(false);
    speaks = true;
    await clock.advance(4_999);
    expect([await finder.suspect(TARGET, broken), looks, finder.knows(TARGET)]).toEqual([false, 1, false]);
    await clock.advance(1);
    expect([await finder.suspect(TARGET, broken), looks, finder.knows(TARGET)]).toEqual([true, 2, true]);
    expect(finder.knows({ ...TARGET, host: '::1' })).toBe(false);
    speaks = false;
    await clock.advance(5_000);
    expect([await finder.suspect(TARGET, broken), finder.knows(TARGET)]).toEqual([false, false]);
  });

  it('is forgotten of those that are published no more, or as ones that do', async () => {
    const clock = createManualClock();
    let looks = 0;
    const finder = createTlsFinder({ clock, look: async () => (looks += 1) > 0 });
    await finder.suspect(TARGET, broken);
    finder.keep([TARGET]);
    expect([finder.knows(TARGET), await finder.suspect(TARGET, broken), looks]).toEqual([true, true, 1]);
    finder.keep([{ ...TARGET, protocol: 'https' }]);
    expect(finder.knows(TARGET)).toBe(false);
    await finder.suspect(TARGET, broken);
    expect(looks).toBe(2);
  });
});
