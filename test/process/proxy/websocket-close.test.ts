/** A tunnel whose time is over is closed as RFC 6455 asks, in both directions. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { engines } from './engines.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

it.each(engines)('engine $name sends a close frame to both ends, between two frames', async ({ create }) => {
  const backend = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  // In the same packet as the end of the handshake.
  backend.on('connection', (socket) => socket.send('hello'));
  await once(backend, 'listening');
  closers.push(() => backend.close());
  const until = new AbortController();
  let ended = 0;
  const engine = create().createServer(() => ({
    action: 'forward',
    target: { protocol: 'http', host: '127.0.0.1', port: portOf(backend) },
    headers: {},
    until: until.signal,
    onEnd: () => (ended += 1),
    onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
  }));
  const server: Server = createServer({ allowHalfOpen: true }, (socket: Socket) => engine.accept(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(
    () => engine.close(0),
    () => server.close(),
  );

  const accepted = once(backend, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${portOf(server)}/`);
  const hello = await once(client, 'message');
  expect(String(hello[0])).toBe('hello');
  const [peer] = await accepted;
  client.send('x'.repeat(100_000));
  await once(peer, 'message');
  peer.send('y'.repeat(70_000));
  await once(client, 'message');

  const closes = Promise.all([once(client, 'close'), once(peer, 'close')]);
  until.abort();
  const [[atClient], [atPeer]] = await closes;
  expect([atClient, atPeer]).toEqual([1001, 1001]);
  expect(ended).toBe(1);
});
