/**
 * Clients of the http-proxy engine that were answered and go on sending, or have not sent all: read for a while. Of the
 * wire engine the same is tested without a system (`unit/proxy/memory/exchange`).
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { LINGERING, PROGRESS } from '../../../src/proxy/lingering.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock, type ManualClock } from '../../unit/manual-clock.ts';
import { createScene, listenOn, portOf, type Scene } from './scene.ts';
import { openRaw } from './wire-raw.ts';

const UPLOAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nsome of it';
const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const ANSWER = 'HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nlast';

interface Answered {
  readonly clock: ManualClock;
  /** The engine's end of the connection. */
  readonly accepted: Socket;
  /** Sends so many bytes, and waits until the engine has read them or closed. */
  readonly send: (length: number) => Promise<void>;
}

/** Opens a scene whose service answers the first thing that it reads, and keeps the connection. */
async function openScene(clock: ManualClock): Promise<Scene> {
  const scene = await createScene(createHttpProxyEngine({ clock }));
  onTestFinished(() => scene.close());
  await scene.rawBackend((socket) => void socket.once('data', () => socket.write(ANSWER)));
  return scene;
}

/** Sends a request, and waits until it is answered and the engine has closed its half of the connection. */
async function askAndStay(scene: Scene, clock: ManualClock, request: string): Promise<Answered> {
  const accepting = createServer({ allowHalfOpen: true });
  onTestFinished(() => void accepting.close());
  await listenOn(accepting, '127.0.0.1', 0);
  const taken = once(accepting, 'connection') as Promise<[Socket]>;
  const client = connect({ port: portOf(accepting), host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  onTestFinished(() => void client.destroy());
  const [accepted] = await taken;
  scene.server.accept(accepted);
  let text = '';
  client.on('data', (piece) => (text += piece.toString('latin1')));
  client.write(request);
  await once(client, 'end');
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
  let sent = request.length;
  return {
    clock,
    accepted,
    send: async (length) => {
      sent += length;
      client.write(Buffer.alloc(length, 'x'));
      await eventually(() => {
        if (!accepted.destroyed) expect(accepted.bytesRead).toBe(sent);
      });
    },
  };
}

/** Sends a byte each second. @returns after how many milliseconds the connection was closed */
async function drip({ clock, accepted, send }: Answered): Promise<number> {
  let time = 0;
  for (; !accepted.destroyed && time < 3 * LINGERING.progress; time += 1_000) {
    await send(1);
    await clock.advance(1_000);
  }
  return time;
}

describe('a client that has its answer', () => {
  const open = async (request: string): Promise<Answered> => {
    const clock = createManualClock();
    return askAndStay(await openScene(clock), clock, request);
  };

  it('and goes on with its upload is read for as long as it makes progress', async () => {
    const { clock, accepted, send } = await open(UPLOAD);
    for (let part = 0; part < 20; part += 1) {
      await send(PROGRESS / 4);
      await clock.advance(LINGERING.silence - 1_000);
      expect(accepted.destroyed).toBe(false);
    }
  });

  it('and goes on with its upload drop by drop is closed', async () => {
    const time = await drip(await open(UPLOAD));
    expect(time).toBeGreaterThanOrEqual(LINGERING.progress);
    expect(time).toBeLessThan(LINGERING.progress + 3_000);
  });

  it('and is silent in the midst of its upload is closed', async () => {
    const { clock, accepted } = await open(UPLOAD);
    await clock.advance(LINGERING.silence - 1_000);
    expect(accepted.destroyed).toBe(false);
    await clock.advance(3_000);
    expect(accepted.destroyed).toBe(true);
  });

  it.each(['the service', 'the handler'])('and whose handshake %s refused is closed', async (who) => {
    const clock = createManualClock();
    const scene = await openScene(clock);
    const reply = { status: 403, headers: {}, body: 'last' };
    if (who === 'the handler') scene.handler = () => ({ action: 'reply', reply });
    const time = await drip(await askAndStay(scene, clock, HANDSHAKE));
    expect(time).toBeGreaterThanOrEqual(LINGERING.silence);
    expect(time).toBeLessThan(LINGERING.silence + 3_000);
  });
});

describe('a client that is silent in the midst of its upload', () => {
  it('is waited for longer than one that is so in the midst of its head', async () => {
    const scene = await createScene(createHttpProxyEngine({ headTime: 200 }));
    onTestFinished(() => scene.close());
    let received = '';
    await scene.backend((req, res) => {
      req.on('data', (piece: Buffer) => (received += piece.toString())).on('end', () => res.end(received));
    });
    const client = await openRaw(scene.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo');
    await eventually(() => expect(received).toBe('bo'));
    // A head that began later has been waited for in vain: the limit has passed for whoever it holds for.
    const late = await openRaw(scene.port);
    late.send('GET / HTTP/1.1\r\n');
    expect((await late.closed).text).toMatch(/^HTTP\/1\.1 408 /);
    client.send('dy');
    expect(await client.until('body')).toMatch(/^HTTP\/1\.1 200 /);
    client.socket.destroy();
  });

  it('has no limit for its whole request: Node takes none for the head that is longer than that', async () => {
    const server = createHttpProxyEngine({ headTime: 24 * 3_600_000 }).createServer(() => {
      throw new Error('nobody asks');
    });
    await server.close(0);
  });
});
