/** A tunnel whose time is over is closed as RFC 6455 asks, in both directions, by every engine. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import type { Decision } from '../../../src/proxy/engine/engine.ts';
import { engines } from './engines.ts';
import { createScene, deferred, forwardTo, readAll, type Scene } from './scene.ts';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** RFC 6455 §5.5.1, from a server, with the code 1001. */
const GOING_AWAY = '880203e9';

describe.each(engines)('engine $name, the end of a WebSocket', ({ create }) => {
  let scene: Scene;
  let until: AbortController;
  let ends: number;
  let ended: { readonly promise: Promise<void>; readonly resolve: () => void };
  beforeEach(async () => {
    scene = await createScene(create());
    until = new AbortController();
    ends = 0;
    ended = deferred();
    scene.handler = (): Decision => ({
      ...(forwardTo(scene.target) as Extract<Decision, { action: 'forward' }>),
      until: until.signal,
      onEnd: () => {
        ends += 1;
        ended.resolve();
      },
    });
  });
  afterEach(async () => {
    await scene.close();
    // And never again.
    expect(ends).toBe(1);
  });

  async function openPair(): Promise<readonly [client: WebSocket, peer: WebSocket]> {
    const backend = await scene.backend(() => undefined);
    const server = new WebSocketServer({ server: backend });
    // In the same packet as the end of the handshake.
    server.on('connection', (socket) => socket.send('hello'));
    const accepted = once(server, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(`ws://127.0.0.1:${scene.port}/`);
    const hello = await once(client, 'message');
    expect(String(hello[0])).toBe('hello');
    const [peer] = await accepted;
    // A tunnel is an exchange under way for as long as it is open.
    expect(ends).toBe(0);
    return [client, peer];
  }

  it('is a close frame to both ends, between two frames', async () => {
    const [client, peer] = await openPair();
    client.send('x'.repeat(100_000));
    await once(peer, 'message');
    peer.send('y'.repeat(70_000));
    await once(client, 'message');
    expect(ends).toBe(0);

    const closes = Promise.all([once(client, 'close'), once(peer, 'close')]);
    until.abort();
    const [[atClient], [atPeer]] = await closes;
    expect([atClient, atPeer]).toEqual([1001, 1001]);
    await ended.promise;
  });

  it('waits for the frame that is on its way', async () => {
    const peer = deferred<Socket>();
    await scene.rawBackend((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
        // The first half of a text frame of four bytes.
        socket.write(Buffer.from([0x81, 4, 0x68, 0x61]));
        peer.resolve(socket);
      });
    });
    const client = connect({ port: scene.port });
    client.write(HANDSHAKE);
    const socket = await peer.promise;
    let received = '';
    while (!received.endsWith('81046861')) {
      const [piece] = (await once(client, 'data')) as [Buffer];
      received += piece.toString('hex');
    }
    until.abort();
    socket.write(Buffer.from([0x6c, 0x66]));
    const rest = await readAll(client);
    expect(rest.toString('hex')).toBe(`6c66${GOING_AWAY}`);
    await ended.promise;
  });

  it('comes also where a frame never ends', async () => {
    await scene.rawBackend((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
        socket.write(Buffer.from([0x81, 4, 0x68, 0x61]));
      });
    });
    const client = connect({ port: scene.port });
    client.on('error', () => undefined);
    client.write(HANDSHAKE);
    await once(client, 'data');
    const closed = new Promise((resolve) => client.once('close', resolve));
    until.abort();
    await closed;
    await ended.promise;
  });

  it.each(['client', 'backend'])('is told when the %s is gone', async (who) => {
    const [client, peer] = await openPair();
    for (const socket of [client, peer]) socket.on('error', () => undefined);
    (who === 'client' ? client : peer).terminate();
    await ended.promise;
  });

  it('is told when the handshake is refused', async () => {
    const backend = await scene.backend(() => undefined);
    backend.on('upgrade', (_req, socket: Socket) =>
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'),
    );
    const client = connect({ port: scene.port });
    client.write(HANDSHAKE);
    expect((await readAll(client)).toString()).toMatch(/^HTTP\/1\.1 401 [^]*\r\n\r\nno$/);
    client.destroy();
    await ended.promise;
  });
});
