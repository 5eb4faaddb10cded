/** What every engine does with WebSocket handshakes and what follows them. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { engines } from './engines.ts';
import { ask, createScene, deferred, exchangeRaw, forwardTo, type Scene } from './scene.ts';
import { openRaw, scriptedBackend } from './wire-raw.ts';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

describe.each(engines)('engine $name, WebSocket', ({ create }) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await createScene(create());
  });
  afterEach(async () => {
    await scene.close();
  });

  /** A WebSocket backend; its connections are told to the callback. */
  async function webSockets(onConnection: (socket: WebSocket, req: IncomingMessage) => void): Promise<void> {
    const backend = await scene.backend((_, res) => res.end('plain'));
    const server = new WebSocketServer({ server: backend, maxPayload: 64 * 1024 * 1024 });
    server.on('connection', (socket, req) => {
      socket.on('error', () => undefined);
      onConnection(socket, req);
    });
  }

  const open = async (path = '/ws', protocols: string[] = []): Promise<WebSocket> => {
    const client = new WebSocket(`ws://127.0.0.1:${scene.port}${path}`, protocols);
    await once(client, 'open');
    return client;
  };

  it('carries 5 MB messages both ways', async () => {
    await webSockets((socket) => socket.on('message', (data) => socket.send(data)));
    const client = await open();
    const message = randomBytes(5 * 1024 * 1024);
    client.send(message);
    const [echoed] = (await once(client, 'message')) as [Buffer];
    expect(echoed.equals(message)).toBe(true);
    client.close(4001, 'bye');
    const [code, reason] = (await once(client, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4001, 'bye']);
  });

  it('forwards path, Host, subprotocol and the headers of the handler', async () => {
    const seen: IncomingMessage[] = [];
    await webSockets((_, req) => seen.push(req));
    scene.handler = () => forwardTo(scene.target, { 'x-set': '1' });
    const client = await open('//a//b?x=//y', ['vite-hmr']);
    expect(client.protocol).toBe('vite-hmr');
    expect(seen[0]?.url).toBe('//a//b?x=//y');
    expect(seen[0]?.headers).toMatchObject({
      host: `127.0.0.1:${scene.port}`,
      'x-set': '1',
      upgrade: 'websocket',
    });
    expect(scene.heads[0]).toMatchObject({ upgrade: true, path: '//a//b?x=//y' });
    client.terminate();
  });

  it('passes what a backend says with its 101', async () => {
    await webSockets((socket) => socket.send('welcome'));
    const client = new WebSocket(`ws://127.0.0.1:${scene.port}/`);
    const [message] = (await once(client, 'message')) as [Buffer];
    expect(message.toString()).toBe('welcome');
    client.terminate();
  });

  it('passes what a client sends before it has an answer', async () => {
    const first = deferred<string>();
    await webSockets((socket) => socket.once('message', (data: Buffer) => first.resolve(data.toString())));
    const released = deferred();
    scene.handler = async () => {
      await released.promise;
      return forwardTo(scene.target);
    };
    const socket = connect({ port: scene.port });
    // A masked text frame "hi" (RFC 6455 §5.2) with a mask of zeros.
    socket.write(HANDSHAKE);
    socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]), () => released.resolve());
    expect(await first.promise).toBe('hi');
    socket.destroy();
  });

  it.each([
    ['in chunks', { 'x-why': 'no' }],
    ['with a length', { 'x-why': 'no', 'content-length': '9' }],
  ])('passes a refusal %s through', async (_, headers) => {
    const backend = await scene.backend(() => undefined);
    backend.on('upgrade', (_req, socket: Socket) => {
      const chunked = 'content-length' in headers ? 'not today' : '4\r\nnot \r\n5\r\ntoday\r\n0\r\n\r\n';
      const framing = 'content-length' in headers ? 'Content-Length: 9' : 'Transfer-Encoding: chunked';
      socket.end(`HTTP/1.1 401 Unauthorized\r\nX-Why: no\r\n${framing}\r\n\r\n${chunked}`);
    });
    const answer = await exchangeRaw(scene.port, HANDSHAKE);
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(answer).toMatch(/x-why: no\r\n/i);
    // An engine may pass the chunks on, or the body without them.
    expect(answer).toMatch(/\r\n\r\n(?:not today|4\r\nnot \r\n5\r\ntoday\r\n0\r\n\r\n)$/);
  });

  it('gives the reply of the handler, or that for an unreachable backend', async () => {
    scene.handler = () => ({
      action: 'reply',
      reply: { status: 404, headers: { 'x-own': '1' }, body: 'none' },
    });
    expect(await exchangeRaw(scene.port, HANDSHAKE)).toMatch(/^HTTP\/1\.1 404 [^]*x-own: 1[^]*\r\n\r\nnone$/);
    scene.handler = () => forwardTo({ protocol: 'http', host: '127.0.0.1', port: 1 });
    expect(await exchangeRaw(scene.port, HANDSHAKE)).toMatch(/^HTTP\/1\.1 502 [^]*unreachable: /);
    await scene.rawBackend((socket) => socket.once('data', () => socket.destroy()));
    scene.handler = () => forwardTo(scene.target);
    expect(await exchangeRaw(scene.port, HANDSHAKE)).toMatch(/^HTTP\/1\.1 502 /);
  });

  it.each([
    ['another protocol', 'Upgrade: foo\r\n'],
    ['two of them', 'Upgrade: websocket, foo\r\n'],
    ['none', ''],
  ])('refuses the answer of a backend that switches to %s', async (_, upgrade) => {
    const { handler } = scene;
    let attempts = 0;
    scene.handler = async (head, signal) => {
      const decision = await handler(head, signal);
      return decision.action === 'forward'
        ? { ...decision, again: () => ((attempts += 1), decision) }
        : decision;
    };
    await scriptedBackend(scene, (socket) =>
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${upgrade}\r\nfoo!`),
    );
    const answer = await exchangeRaw(scene.port, HANDSHAKE);
    expect(answer).toMatch(/^HTTP\/1\.1 502 [^]*it switches protocols unasked/);
    expect(attempts).toBe(0);
  });

  it('tells a client by a reset that the backend has broken off', async () => {
    const sides = await scriptedBackend(scene, (socket) =>
      socket.write(`${SWITCHED}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello`),
    );
    const client = await openRaw(scene.port);
    client.send(HANDSHAKE);
    await client.until('hello');
    sides[0]?.socket.resetAndDestroy();
    expect((await client.closed).code).toBe('ECONNRESET');
  });

  it('tells a backend by a reset that the client has broken off', async () => {
    const sides = await scriptedBackend(scene, (socket) =>
      socket.write(`${SWITCHED}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello`),
    );
    const client = connect({ port: scene.port });
    client.on('error', () => undefined).write(HANDSHAKE);
    await once(client, 'data');
    const told = new Promise((resolve) => {
      sides[0]?.socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      sides[0]?.socket.once('end', () => resolve('ended'));
    });
    client.resetAndDestroy();
    expect(await told).toBe('ECONNRESET');
  });

  it('survives a client that resets while its handshake is pending', async () => {
    const pending = deferred<Socket>();
    const backend = await scene.backend((_, res) => res.end('alive'));
    backend.on('upgrade', (_req, socket: Socket) => {
      socket.on('error', () => undefined);
      pending.resolve(socket);
    });
    const client = connect({ port: scene.port });
    client.on('error', () => undefined);
    client.write(HANDSHAKE);
    const toBackend = await pending.promise;
    const closed = new Promise((resolve) => toBackend.once('close', resolve));
    toBackend.resume().once('end', () => toBackend.destroy());
    client.resetAndDestroy();
    await closed;
    expect(await ask(scene.port)).toMatchObject({ body: 'alive' });
    expect(scene.server.connections).toBeLessThanOrEqual(1);
  });

  it.each(['client', 'backend'])('closes the other end when the %s is gone', async (who) => {
    const accepted = deferred<WebSocket>();
    await webSockets((socket) => accepted.resolve(socket));
    const client = await open();
    client.on('error', () => undefined);
    const backend = await accepted.promise;
    const [gone, other] = who === 'client' ? [client, backend] : [backend, client];
    const closed = once(other, 'close');
    gone.terminate();
    const [code] = (await closed) as [number];
    expect(code).toBe(1006);
  });

  it('cuts open tunnels at the deadline of a close', async () => {
    await webSockets(() => undefined);
    const client = await open();
    const closed = once(client, 'close');
    await scene.server.close(20);
    await closed;
  });

  it('refuses a client that talks too much before it has an answer', async () => {
    const held = deferred<AbortSignal>();
    scene.handler = async (_, signal) => {
      held.resolve(signal);
      if (!signal.aborted) await once(signal, 'abort');
      return forwardTo(scene.target);
    };
    const client = connect({ port: scene.port });
    client.on('error', () => undefined);
    client.write(HANDSHAKE);
    const signal = await held.promise;
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write(Buffer.alloc(1024 * 1024));
    await closed;
    expect(signal.aborted).toBe(true);
  });

  it('keeps 100 tunnels apart', async () => {
    await webSockets((socket, req) => socket.on('message', () => socket.send(req.url ?? '')));
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const client = await open(`/${index}`);
        client.send('who?');
        const [answer] = (await once(client, 'message')) as [Buffer];
        client.terminate();
        return answer.toString();
      }),
    );
    expect(answers).toEqual(answers.map((_, index) => `/${index}`));
  });
});
