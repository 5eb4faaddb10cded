import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { adopt } from '../../../src/proxy/adopt.ts';
import { isShared } from '../../../src/proxy/shared-buffer.ts';
import { listenOn, portOf } from './scene.ts';

interface Read {
  readonly text: string;
  readonly shared: boolean;
}

interface Pair {
  readonly client: Socket;
  /** As the server made it. */
  readonly accepted: Socket;
  readonly adopted: Socket;
  readonly reads: readonly Read[];
  /** Resolves when this many bytes were read. */
  readonly readBytes: (count: number) => Promise<void>;
  readonly connections: () => Promise<number>;
}

/** @param prepare is called before the connection is adopted */
async function createPair(prepare: (accepted: Socket) => void = () => undefined): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true });
  await listenOn(server, '127.0.0.1', 0);
  const reads: Read[] = [];
  const look = new Set<() => void>();
  const made = new Promise<[Socket, Socket]>((resolve) => {
    server.once('connection', (accepted: Socket) => {
      prepare(accepted);
      const adopted = adopt(accepted, (piece, length) => {
        reads.push({ text: piece.toString('latin1', 0, length), shared: isShared(piece) });
        for (const one of look) one();
      });
      resolve([accepted, adopted]);
    });
  });
  const client = connect({ host: '127.0.0.1', port: portOf(server), allowHalfOpen: true });
  const [[accepted, adopted]] = await Promise.all([made, once(client, 'connect')]);
  onTestFinished(async () => {
    const closed = [client, adopted].filter(({ closed }) => !closed).map((socket) => once(socket, 'close'));
    client.destroy();
    adopted.destroy();
    await Promise.all([...closed, once(server.close(), 'close')]);
  });
  const total = (): number => reads.reduce((sum, { text }) => sum + text.length, 0);
  const readBytes = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (total() >= count && look.delete(check)) resolve();
      };
      look.add(check);
      check();
    });
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  return { client, accepted, adopted, reads, readBytes, connections };
}

describe('an accepted connection that is adopted', () => {
  it('is another socket with the same ends', async () => {
    const { client, accepted, adopted, connections } = await createPair();
    expect(adopted).not.toBe(accepted);
    expect([adopted.remotePort, adopted.localPort]).toEqual([client.localPort, client.remotePort]);
    expect(accepted.destroyed).toBe(true);
    // The server does not wait for what is no longer its own.
    expect(await connections()).toBe(0);
  });

  it('reads what is short into the one buffer for all, and what is long into its own', async () => {
    const { client, reads, readBytes } = await createPair();
    client.write('short');
    await readBytes(5);
    expect(reads).toEqual([{ text: 'short', shared: true }]);

    const long = Array.from({ length: 200_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join(
      '',
    );
    client.write(long);
    await readBytes(5 + long.length);
    expect(reads.map(({ text }) => text).join('')).toBe(`short${long}`);
    expect(reads.some(({ shared }) => !shared)).toBe(true);
    for (const { text, shared } of reads) if (shared) expect(text.length).toBeLessThanOrEqual(16 * 1024);

    client.write('short again');
    await readBytes(5 + long.length + 11);
    client.write('and again');
    await readBytes(5 + long.length + 20);
    expect(reads.at(-1)).toEqual({ text: 'and again', shared: true });
  });

  it('can be told to wait, and to go on', async () => {
    const { client, adopted, reads, readBytes } = await createPair();
    client.write('a');
    await readBytes(1);
    adopted.pause();
    client.write('b');
    // There and back: had it been read, it would have been before this.
    const there = once(client, 'data');
    adopted.write('answer');
    await there;
    expect(reads).toHaveLength(1);
    adopted.resume();
    await readBytes(2);
    expect(reads.map(({ text }) => text).join('')).toBe('ab');
  });

  it('answers a client that has closed its half', async () => {
    const { client, adopted, reads } = await createPair();
    adopted.once('end', () => adopted.end('good bye'));
    const answer = once(client, 'data');
    const closed = once(adopted, 'close');
    client.end('last words');
    expect(String((await answer)[0])).toBe('good bye');
    expect(reads.map(({ text }) => text)).toEqual(['last words']);
    await closed;
  });

  it('tells of a reset', async () => {
    const { client, adopted } = await createPair();
    const failed = once(adopted, 'error');
    client.resetAndDestroy();
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });
});

it('reads a socket of another make as it is', async () => {
  const { client, accepted, adopted, reads, readBytes } = await createPair((socket) =>
    Object.defineProperty(socket, '_handle', { value: hide(socket), writable: true }),
  );
  expect(adopted).toBe(accepted);
  client.write('hello');
  await readBytes(5);
  expect(reads).toEqual([{ text: 'hello', shared: false }]);
});

/** The same handle, without what adopting it takes. */
function hide(socket: Socket): unknown {
  const { _handle: handle } = socket as unknown as { readonly _handle: object };
  return Object.defineProperty(handle, 'readStop', { value: undefined, configurable: true });
}
