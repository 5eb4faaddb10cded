/** What becomes of a request, by what is known at this moment. */
import { describe, expect, it } from 'vitest';

import { decide } from '../../../src/front/decide.ts';
import { compileResting } from '../../../src/front/resting.ts';
import { createRestarts, SilentTargetError } from '../../../src/front/restarts.ts';
import { compileTable, type RouteState } from '../../../src/front/table.ts';
import type { RequestHead } from '../../../src/proxy/engine/engine.ts';
import { SpeaksTlsError } from '../../../src/proxy/tls-look.ts';
import { headOf, type Headers } from './head.ts';

const LIVE: RouteState = { state: 'live', targets: [{ protocol: 'http', host: '127.0.0.1', port: 1 }] };

const SERVICES = [
  {
    name: 'orders',
    kind: 'process',
    ports: [{ name: 'http', appProtocol: 'grpc', port: 20002, hosts: [] }],
  },
];

function decideAbout(
  host: string,
  {
    route = LIVE,
    headers = {},
    more = {},
  }: { route?: RouteState; headers?: Headers; more?: Partial<RequestHead> } = {},
): ReturnType<typeof decide> {
  const routes = [{ host: 'api.shop.localhost', service: 'api', port: 'http', route }];
  const resting = [{ slug: 'rest', label: 'rest', root: '/work/rest', hosts: ['api.rest.localhost'] }];
  return decide(
    headOf(host, headers, more),
    {
      table: compileTable([{ slug: 'shop', key: 'shop', label: 'shop', routes, services: SERVICES }]),
      expected: new Set(),
      resting: compileResting(resting),
      restarts: createRestarts(),
      port: 7267,
    },
    (targets) => targets[0],
  );
}

const PATH = '/.well-known/portramp.json';

describe('the discovery path', () => {
  it.each<[string, Partial<RequestHead>]>([
    ['a POST', { method: 'POST' }],
    ['a handshake', { upgrade: true }],
    ['a path below it', { path: `${PATH}/x` }],
  ])('belongs to the service for %s', (_, more) => {
    expect(decideAbout('api.shop.localhost', { more: { path: PATH, ...more } })).toMatchObject({
      action: 'forward',
    });
  });

  it.each(['GET', 'HEAD'])('is answered to %s, whatever the query', (method) => {
    const decision = decideAbout('api.shop.localhost', { more: { path: `${PATH}?x`, method } });
    expect(decision).toMatchObject({ reply: { status: 200, headers: { 'x-portramp': 'discovery' } } });
  });
});

it('the host of a stack that nobody runs is told where to start it', () => {
  const decision = decideAbout('api.rest.localhost');
  expect(decision).toMatchObject({ reply: { status: 503, headers: { 'x-portramp': 'stack-not-running' } } });
  expect(decision.action === 'reply' && decision.reply.body).toContain('cd /work/rest && portramp dev');
});

it('a service that starts on request is woken, and one that starts by itself is not', () => {
  const asleep = decideAbout('api.shop.localhost', { route: { state: 'warming', wake: true } });
  expect(asleep).toMatchObject({ action: 'wait', wake: { route: { service: 'api' } } });
  expect(decideAbout('api.shop.localhost', { route: { state: 'warming' } })).not.toHaveProperty('wake');
});

it('an empty Referer names no page', () => {
  expect(decideAbout('api.shop.localhost', { headers: { referer: '' } })).toMatchObject({
    action: 'forward',
  });
});

describe('a target that does not answer', () => {
  it.each([
    ['spoke TLS', new SpeaksTlsError(), 502, 'service-speaks-tls'],
    ['has listened to nobody for too long', new SilentTargetError(), 503, 'service-silent'],
    ['broke off', new Error('read ECONNRESET'), 502, 'service-unreachable'],
  ])('is said to have done so where it %s', async (_, error, status, marker) => {
    const decision = decideAbout('api.shop.localhost');
    if (decision.action !== 'forward') throw new Error('not forwarded');
    expect(await decision.onUnreachable(error)).toMatchObject({ status, headers: { 'x-portramp': marker } });
  });
});

it('a path is passed on as it came where nothing says otherwise', () => {
  const decision = decideAbout('api.shop.localhost', { more: { path: '/a?b' } });
  expect(decision.action === 'forward' && decision.path).toBeUndefined();
});

it('a name of a service that speaks no HTTP/1 is told what it speaks, and where', () => {
  const decision = decideAbout('orders.shop.localhost');
  expect(decision).toMatchObject({ reply: { status: 404, headers: { 'x-portramp': 'unknown-host' } } });
  expect(decision.action === 'reply' && JSON.parse(decision.reply.body)).toEqual({
    error: 'UNKNOWN_HOST',
    message:
      'The service orders of shop speaks grpc on its port http, and hosts are for HTTP/1 and WebSockets: it is dialled at 127.0.0.1:20002.',
    hint: 'portramp url --stack shop orders --port http',
  });
});
