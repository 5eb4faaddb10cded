/**
 * What the engine on `http-proxy` has read and could not write yet, on real sockets: the other engine, and what is asked
 * of both, is in `unit/proxy/memory/held`.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createScene, type Scene } from './scene.ts';

/** More than the system keeps of one connection. */
const MUCH = 48 * 1024 * 1024;

/** What both sides of an exchange may keep: a read, a water mark and what the parser has read ahead, each 64 KiB. */
const MOST = 512 * 1024;

let scene: Scene;
/** The engine's ends of the connections to clients. */
const accepted: Socket[] = [];
const clients: Socket[] = [];
const made: Socket[] = [];

const onMade = (message: unknown): void => {
  const { socket } = message as { readonly socket: Socket };
  made.push(socket);
};

/** The engine's ends of the connections to the service. */
const dialled = (): readonly Socket[] => made.filter((socket) => !clients.includes(socket));

beforeEach(async () => {
  const engine = createHttpProxyEngine();
  scene = await createScene({
    ...engine,
    createServer: (handler) => {
      const server = engine.createServer(handler);
      const accept = (socket: Socket): void => {
        accepted.push(socket);
        server.accept(socket);
      };
      return { accept, close: (deadline) => server.close(deadline), connections: 0 };
    },
  });
  subscribe('net.client.socket', onMade);
});

afterEach(async () => {
  unsubscribe('net.client.socket', onMade);
  for (const socket of clients) socket.destroy();
  accepted.length = clients.length = made.length = 0;
  await scene.close();
});

/** A client that does not read. */
function ask(request: string, body = Buffer.alloc(0)): void {
  const client = connect(scene.port, '127.0.0.1');
  clients.push(client);
  client.on('error', () => undefined);
  client.write(request);
  client.write(body);
}

/** Bytes that were read of one side and not handed to the system for the other. */
function held(from: readonly Socket[], to: readonly Socket[]): number {
  const read = from.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  return to.reduce((left, { bytesWritten, writableLength }) => left - (bytesWritten - writableLength), read);
}

/** Whether a connection, all of whose ends are in this process, stands still with something left to send. */
const isStuck = ({ writableLength }: Socket): boolean => writableLength > 0;

/** Waits until the engine has read nothing for fifty turns of the event loop, since the sender is stuck. */
async function standstill(sender: () => Socket | undefined): Promise<void> {
  const read = (): number => [...accepted, ...made].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  for (let quiet = 0, before = -1; quiet < 50; quiet += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const socket = sender();
    if (socket === undefined || !isStuck(socket) || read() !== before) quiet = 0;
    if (read() >= MUCH) throw new Error('all of it was read, though nobody takes it');
    before = read();
  }
}

it.each(['Content-Length: 99999999', 'Transfer-Encoding: chunked', 'X: Y'])(
  'an answer that nobody reads: %s',
  async (framing) => {
    let service: Socket | undefined;
    await scene.rawBackend((socket) => {
      service = socket;
      const chunk = framing.startsWith('T') ? `${MUCH.toString(16)}\r\n` : '';
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${chunk}`);
        socket.write(Buffer.alloc(MUCH));
      });
    });
    ask('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await standstill(() => service);
    expect(held(dialled(), accepted)).toBeLessThan(MOST);
  },
);

it('an upload that nobody reads', async () => {
  await scene.rawBackend((socket) => socket.pause());
  ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n', Buffer.alloc(MUCH));
  await standstill(() => clients[0]);
  expect(held(accepted, dialled())).toBeLessThan(MOST);
});

it('an upgraded connection whose ends do not read', async () => {
  let service: Socket | undefined;
  await scene.rawBackend((socket) => {
    service = socket;
    socket.once('data', () => {
      socket.pause();
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
      );
      socket.write(Buffer.alloc(MUCH));
    });
  });
  ask(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await standstill(() => service);
  expect(held(dialled(), accepted)).toBeLessThan(MOST);
  clients[0]?.write(Buffer.alloc(MUCH));
  await standstill(() => clients[0]);
  expect(held(accepted, dialled())).toBeLessThan(MOST);
});
