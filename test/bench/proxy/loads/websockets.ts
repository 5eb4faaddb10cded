/** Connections that are opened, used once, and then idle. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { requestHead, type Address } from './client.ts';

/** How many are opened at a time: a peer that dials with a short deadline must not miss it in a crowd. */
const AT_ONCE = 8;

/** A message of four characters, masked as RFC 6455 §5.3 wants it from clients, and the server's echo. */
const MESSAGE = Buffer.from([0x81, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')]);
const ECHO = Buffer.from([0x81, 0x04, ...Buffer.from('ping')]);

export interface Idlers {
  /** How many the other side has not closed. */
  readonly open: () => number;
  close(): void;
}

/** These answer. */
export interface WebSockets extends Idlers {
  /** Resolves when all have had another message back. */
  ping(): Promise<void>;
}

/** Opens so many WebSockets; each has had its message back. */
export async function openWebSockets(address: Address, count: number): Promise<WebSockets> {
  const sockets = await openMany(count, async () => {
    const head = requestHead(address, '/', {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-Fetch-Mode': 'websocket',
      Origin: `http://${address.host}:${address.port}`,
    });
    const socket = await open(address, head, 'HTTP/1.1 101 ', Buffer.from('\r\n\r\n'));
    await echo(socket);
    return socket;
  });
  return {
    ...idlersOf(sockets),
    ping: async () => {
      for (const socket of sockets) await echo(socket);
    },
  };
}

async function echo(socket: Socket): Promise<void> {
  const answer = readUntil(socket, ECHO);
  socket.write(MESSAGE);
  await answer;
}

/** Opens so many event streams; each has had its first event. */
export async function openEventStreams(address: Address, count: number): Promise<Idlers> {
  const head = requestHead(address, '/events', { Accept: 'text/event-stream' });
  const event = Buffer.from('data: hello\n\n');
  return idlersOf(await openMany(count, () => open(address, head, 'HTTP/1.1 200 ', event)));
}

async function openMany(count: number, openOne: () => Promise<Socket>): Promise<Socket[]> {
  const sockets: Socket[] = [];
  let left = count;
  const work = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      sockets.push(await openOne());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return sockets;
}

const idlersOf = (sockets: readonly Socket[]): Idlers => ({
  open: () => sockets.filter((socket) => socket.readable).length,
  close: () => {
    for (const socket of sockets) socket.destroy();
  },
});

async function open({ port }: Address, head: Buffer, status: string, end: Buffer): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  // What it means is told by the `close` that follows.
  socket.on('error', () => undefined);
  socket.write(head);
  const text = (await readUntil(socket, end)).toString('latin1');
  if (!text.startsWith(status)) throw new Error(`expected ${status}, got\n${text}`);
  return socket;
}

/** What came up to and with these bytes. */
function readUntil(socket: Socket, end: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!bytes.includes(end)) return;
      socket.off('data', onData).off('close', onClose);
      resolve(bytes);
    };
    const onClose = (): void => reject(new Error(`closed after ${JSON.stringify(bytes.toString('latin1'))}`));
    if (socket.destroyed) return onClose();
    socket.on('data', onData).once('close', onClose);
    return undefined;
  });
}
