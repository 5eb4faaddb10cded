/** Which names the front serves, and what it says to all others. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { closeHttp, exchangeRaw, listenOn, portOf } from '../proxy/scene.ts';
import { createScene, live, NAVIGATION, stackOf, type Scene } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await createScene();
});
afterEach(async () => {
  await scene.close();
});

/** Two stacks, of which the second must never be named to the first. */
async function publish(): Promise<void> {
  const api = await scene.backend('the api');
  const secret = await scene.backend('the secret');
  scene.front.publish([stackOf('shop', { api }), stackOf('other', { secret })]);
}

describe('a service', () => {
  it.each([
    'api.localhost',
    'api.shop.localhost',
    'API.Shop.LocalHost',
    'api.localhost.',
    'Api.Shop.Localhost.:80',
    'api.localhost:1',
  ])('is reached as %s', async (host) => {
    await publish();
    expect(await scene.ask(host)).toMatchObject({ status: 200, body: 'the api' });
    expect(await scene.ask(`${host.replace(/:\d+$/, '')}:${scene.port}`)).toMatchObject({ body: 'the api' });
  });

  it('is not marked as an answer of portramp', async () => {
    await publish();
    const { response } = await scene.ask('api.localhost');
    expect(response.headers).not.toHaveProperty('x-portramp');
  });

  it('is gone at once when it is not published any more', async () => {
    await publish();
    scene.front.publish([]);
    expect(await scene.ask('api.localhost')).toMatchObject({ status: 404 });
  });
});

describe('somebody else', () => {
  const foreign = [
    'evil.example',
    'localhost.evil.example',
    'api.localhost.evil',
    '127.0.0.1',
    '[::1]',
    '10.0.0.1:80',
  ];

  it.each(foreign)('with the Host %s is refused and learns no name', async (host) => {
    await publish();
    for (const headers of [{}, NAVIGATION]) {
      const { status, body, response } = await scene.ask(host, { headers });
      expect(status).toBe(421);
      expect(response.headers['x-portramp']).toBe('foreign-host');
      expect(body + JSON.stringify(response.headers)).not.toMatch(/shop|secret|api\./);
    }
  });

  it.each([
    'a b',
    'a/b',
    'user@api.localhost',
    'api.localhost:80:80',
    'api..localhost',
    '<b>',
    'api.localhost, x',
  ])('with the broken Host %s is refused', async (host) => {
    await publish();
    expect(await scene.ask(host)).toMatchObject({ status: 400 });
  });

  it.each([
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: api.localhost\r\nHost: evil.example\r\n\r\n'],
    ['another target', 'GET http://evil.example/ HTTP/1.1\r\nHost: api.localhost\r\n\r\n'],
    [
      'a hidden body',
      'POST / HTTP/1.1\r\nHost: api.localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'an odd coding',
      'POST / HTTP/1.1\r\nHost: api.localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    ],
    ['no Host', 'GET / HTTP/1.0\r\n\r\n'],
  ])('with %s gets 400 and nothing is forwarded', async (_, text) => {
    let reached = 0;
    const api = await scene.backend((_req, res) => {
      reached += 1;
      res.end();
    });
    scene.front.publish([stackOf('shop', { api })]);
    expect(await exchangeRaw(scene.port, text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(reached).toBe(0);
  });
});

describe('an unknown name below .localhost', () => {
  it('is a 404 that says which one was meant', async () => {
    await publish();
    const { status, body, response } = await scene.ask('apu.shop.localhost');
    expect(status).toBe(404);
    expect(response.headers['x-portramp']).toBe('unknown-host');
    expect(JSON.parse(body)).toEqual({
      error: 'UNKNOWN_HOST',
      message: 'No running stack has the host apu.shop.localhost.',
      hint: expect.stringContaining('portramp ls') as string,
      link: `http://api.shop.localhost:${scene.port}`,
    });
  });

  it('is a page for a browser, with what was asked for escaped', async () => {
    await publish();
    const { status, body, response } = await scene.ask('apu.localhost', { headers: NAVIGATION });
    expect(status).toBe(404);
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toContain(`<a href="http://api.localhost:${scene.port}">`);
  });

  it.each(['localhost', 'nothing.like.it.at.all.localhost'])('as %s names nobody', async (host) => {
    await publish();
    const { status, body } = await scene.ask(host);
    expect(status).toBe(404);
    expect(body).not.toMatch(/shop|secret/);
  });
});

describe('a short name', () => {
  it('sends a navigation on to the long one, with path and query', async () => {
    await publish();
    const { status, response } = await scene.ask('api.localhost', {
      path: '/a//b?c=%20&d',
      headers: NAVIGATION,
    });
    expect(status).toBe(307);
    expect(response.headers).toMatchObject({
      location: `http://api.shop.localhost:${scene.port}/a//b?c=%20&d`,
      'cache-control': 'no-store',
      'x-portramp': 'canonical-host',
    });
    const there = await scene.ask('api.shop.localhost', { headers: NAVIGATION });
    expect(there).toMatchObject({ status: 200, body: 'the api' });
  });

  it.each([
    ['a frame', 'GET', { 'sec-fetch-dest': 'iframe' }],
    ['a fetch', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a form', 'POST', {}],
  ])('serves everything else itself: %s', async (_, method, headers) => {
    await publish();
    const answer = await scene.ask('api.localhost', { method, headers: { ...NAVIGATION, ...headers } });
    expect(answer).toMatchObject({ status: 200, body: 'the api' });
  });

  it('serves clients that are no browser', async () => {
    await publish();
    expect(await scene.ask('api.localhost')).toMatchObject({ status: 200, body: 'the api' });
  });
});

describe('the service is told', () => {
  const headersOf = async (headers: Record<string, string>, route = {}): Promise<IncomingHttpHeaders> => {
    const api = await scene.backend((req, res) => res.end(JSON.stringify(req.headers)));
    const { routes, ...stack } = stackOf('shop', { api });
    scene.front.publish([{ ...stack, routes: routes.map((one) => ({ ...one, ...route })) }]);
    const { body } = await scene.ask('Api.localhost:8080', { headers });
    return JSON.parse(body) as IncomingHttpHeaders;
  };

  it('who asks, by which name and port; what a client claims is dropped', async () => {
    const headers = await headersOf({
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-port': '1',
      'x-forwarded-prefix': '/evil',
      'x-real-ip': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
    });
    expect(headers).toMatchObject({
      host: 'Api.localhost:8080',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'Api.localhost:8080',
      'x-forwarded-port': String(scene.port),
      forwarded: 'for=127.0.0.1;host="Api.localhost:8080";proto=http',
      via: '1.1 portramp',
    });
    expect(headers).not.toHaveProperty('x-forwarded-prefix');
    expect(headers).not.toHaveProperty('x-real-ip');
  });

  it('no credentials for a proxy and nothing of the hop, even if that is how a name is hidden', async () => {
    const headers = await headersOf({
      'proxy-authorization': 'Basic eA==',
      connection: 'keep-alive, x-hop, x-forwarded-for, via',
      'x-hop': '1',
    });
    expect(headers).not.toHaveProperty('proxy-authorization');
    expect(headers).not.toHaveProperty('x-hop');
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', via: '1.1 portramp' });
  });

  it('its own name when it is an external one', async () => {
    const headers = await headersOf({}, { hostHeader: 'billing.example.com' });
    expect(headers).toMatchObject({
      host: 'billing.example.com',
      'x-forwarded-host': 'Api.localhost:8080',
    });
  });
});

describe('/.well-known/portramp.json', () => {
  it('tells a stack about itself and nobody else', async () => {
    const api = await scene.backend('the api');
    scene.front.publish([
      stackOf('shop', { api, web: { state: 'warming' } }),
      stackOf('other', { secret: { state: 'stopped' } }),
    ]);
    for (const host of ['api.localhost', 'web.shop.localhost']) {
      const { status, body, response } = await scene.ask(host, { path: '/.well-known/portramp.json' });
      expect(status).toBe(200);
      expect(response.headers).not.toHaveProperty('access-control-allow-origin');
      expect(JSON.parse(body)).toEqual({
        version: 1,
        stack: 'shop',
        services: ['api', 'web'].map((name) => ({
          name,
          ports: [
            {
              name: 'http',
              state: name === 'api' ? 'live' : 'warming',
              url: `http://${name}.shop.localhost:${scene.port}`,
              hosts: [`${name}.shop.localhost`, `${name}.localhost`],
            },
          ],
        })),
      });
    }
    expect(await scene.ask('evil.example', { path: '/.well-known/portramp.json' })).toMatchObject({
      status: 421,
    });
  });
});

it('carries a WebSocket by host name, and refuses a foreign one', async () => {
  const backend = createServer();
  new WebSocketServer({ server: backend }).on('connection', (socket) => socket.send('hello'));
  await listenOn(backend, '127.0.0.1', 0);
  scene.front.publish([stackOf('shop', { api: live(portOf(backend)) })]);
  const open = (host: string): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${scene.port}/`, { headers: { host } }).on('error', () => undefined);

  const client = open('api.localhost');
  const [message] = (await once(client, 'message')) as [Buffer];
  expect(message.toString()).toBe('hello');
  client.terminate();

  const stranger = open('evil.example');
  const [, response] = (await once(stranger, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(421);
  stranger.terminate();
  await closeHttp(backend);
});
