/** What a TCP ramp does with bytes: all of them, both ways, at the pace of whoever is slower. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { listen, type Listener } from '../../../src/proxy/listener.ts';
import { createTraffic, type Traffic } from '../../../src/proxy/traffic.ts';
import { createGate, type Gate } from '../../../src/stack/ramp/gate.ts';
import { createTcpRelay, type Relay } from '../../../src/stack/ramp/tcp.ts';

let instance: Server;
let traffic: Traffic;
let gate: Gate;
let relay: Relay;
let ramp: Listener;
/** What the instance does with a connection; set by each test. */
let serve: (socket: Socket) => void;

beforeEach(async () => {
  instance = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  instance.listen(0, '127.0.0.1');
  await once(instance, 'listening');
  traffic = createTraffic(systemClock);
  gate = createGate({ clock: systemClock, traffic, onWait: () => undefined });
  relay = createTcpRelay(gate);
  ramp = await listen(0, (socket) => relay.accept(socket));
  gate.set({ targets: [target()], holds: true });
});

afterEach(async () => {
  gate.set({ targets: [], holds: false });
  await ramp.close();
  await relay.close();
  await eventually(() => expect(traffic.quiet([target()]).open).toBe(0));
  instance.close();
});

const target = () => ({ host: '127.0.0.1', port: (instance.address() as AddressInfo).port });

const dial = (): Socket => connect({ host: '127.0.0.1', port: ramp.port, allowHalfOpen: true });

/** Up to the other's end; the socket stays open for an answer. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket.resume(), 'end');
  return Buffer.concat(chunks);
}

const PIECE = 64 * 1024;

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a TCP ramp', () => {
  it('passes every byte both ways, also after one side has said all', async () => {
    serve = (socket) => void socket.pipe(socket);
    for (const size of [1, 1_000, 16 * 1024, 16 * 1024 + 1, 20 * 1024 * 1024]) {
      const bytes = randomBytes(size);
      const client = dial();
      const answer = readAll(client);
      client.end(bytes);
      expect(hashOf(await answer)).toBe(hashOf(bytes));
    }
  });

  it('passes the answer to a client that ended its side before', async () => {
    serve = (socket) => void readAll(socket).then((asked) => socket.end(`asked ${asked.length}`));
    const client = dial();
    client.end('question');
    expect((await readAll(client)).toString()).toBe('asked 8');
  });

  it('passes on what an instance says first, and what a client said while it waited', async () => {
    serve = (socket) => {
      socket.write('hello ');
      socket.pipe(socket);
    };
    gate.set({ targets: [], holds: true });
    const client = dial();
    client.write('early ');
    await eventually(() => expect(gate.holding).toBe(1));
    gate.set({ targets: [target()], holds: true });
    client.end('late');
    expect((await readAll(client)).toString()).toBe('hello early late');
  });

  it.each(['instance', 'client'])(
    'waits for a slow %s instead of keeping what it does not take',
    async (slow) => {
      const accepted = new Promise<Socket>((resolve) => (serve = resolve));
      const client = dial();
      const server = await accepted;
      const [reader, writer] = slow === 'client' ? [client, server] : [server, client];
      reader.pause();
      const bytes = randomBytes(64 * 1024 * 1024);
      let sent = 0;
      const sending = (async () => {
        for (; sent < bytes.length; sent += PIECE) {
          if (!writer.write(bytes.subarray(sent, sent + PIECE))) await once(writer, 'drain');
        }
        writer.end();
      })();
      // The kernel takes a few megabytes for both connections; the rest has to stay with the writer.
      let before = -1;
      let same = 0;
      await eventually(() => {
        same = sent === before ? same + 1 : 0;
        before = sent;
        expect(same).toBe(5);
      });
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(32 * 1024 * 1024);
      expect(hashOf(await readAll(reader))).toBe(hashOf(bytes));
      await sending;
      client.destroy();
      server.destroy();
    },
  );

  it.each(['instance', 'client'])('tells the other side that the %s broke off', async (leaver) => {
    const accepted = new Promise<Socket>((resolve) => (serve = resolve));
    const client = dial();
    const server = await accepted;
    // One that is reset before it said anything is as good as refused, and tried again.
    const greeted = once(client, 'data');
    server.write('hello');
    await greeted;
    const [leaving, staying] = leaver === 'client' ? [client, server] : [server, client];
    leaving.on('error', () => undefined);
    const told = new Promise((resolve) => {
      staying.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      staying.once('end', () => resolve('ended')).resume();
    });
    leaving.resetAndDestroy();
    // As if it had ended by itself, what came so far would look whole.
    expect(await told).toBe('ECONNRESET');
  });
});
