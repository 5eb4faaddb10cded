import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createScene, type Scene } from './scene.ts';
import { openRaw, OK } from './wire-raw.ts';

let scene: Scene;

afterEach(() => scene.close());

/** Far below the time that a client which has closed its half is waited for (5 s), far above what is promised: the machine may be busy. */
const SOON = 4_000;

const REQUESTS = [
  ['a request without an answer', 'GET /silent HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a stream of events', 'GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n'],
  ['a form without an answer', 'POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
] as const;

describe.each([
  { name: 'wire', create: () => createWireEngine() },
  { name: 'wire, on a system that cannot look up', create: () => createWireEngine({ lookUp: undefined }) },
  { name: 'http-proxy', create: () => createHttpProxyEngine() },
  {
    name: 'http-proxy, on a system that cannot look up',
    create: () => createHttpProxyEngine({ lookUp: undefined }),
  },
])('a client that leaves ($name)', ({ create }) => {
  beforeEach(async () => {
    scene = await createScene(create());
  });

  it.each(REQUESTS)('after %s is told to the service at once', async (_, request) => {
    let ask: (response: ServerResponse) => void;
    const asked = new Promise<ServerResponse>((resolve) => {
      ask = resolve;
    });
    await scene.backend((incoming: IncomingMessage, response) => {
      incoming.resume();
      if (incoming.url === '/events') response.write('data: 1\n\n');
      incoming.once('end', () => ask(response));
    });
    const client = await openRaw(scene.port);
    client.send(request);
    const left = once(await asked, 'close');
    if (request.includes('/events')) await client.until('data: 1');
    const since = performance.now();
    client.socket.destroy();
    await left;
    expect(performance.now() - since).toBeLessThan(SOON);
  });
});

describe.runIf(process.platform === 'linux').each([
  { name: 'wire', create: () => createWireEngine() },
  { name: 'http-proxy', create: () => createHttpProxyEngine() },
])('a client that only closes its half ($name)', ({ create }) => {
  it.each([
    ['IPv4', '127.0.0.1'],
    ['IPv6 with a mapped address', '::ffff:127.0.0.1'],
  ])('is waited for (%s)', async (_, host) => {
    scene = await createScene(create());
    await scene.rawBackend((socket) => {
      // Beyond the time after which a client that cannot be looked up has left.
      socket.once('data', () => setTimeout(() => socket.write(OK), 500));
    });
    const client = await openRaw(scene.port, host);
    client.socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.closed).text).toMatch(/ok$/);
  });
});
