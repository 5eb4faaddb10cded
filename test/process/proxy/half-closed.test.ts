/** A client that has closed its half of the connection behind a request, and still reads, in every engine. */
import { once } from 'node:events';
import type { Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Clock } from '../../../src/lib/clock.ts';
import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { HALF_CLOSED, type PresenceOptions } from '../../../src/proxy/presence.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { createScene, deferred, forwardTo, type Scene } from './scene.ts';
import { GET, openRaw, OK, type RawClient } from './wire-raw.ts';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nwelcome';

/** How often the client is looked up before the service answers: what takes it for gone has done so at the first. */
const LOOKS = 3;

const REQUESTS = [
  { what: 'a request', sends: GET, answer: OK, ends: /\r\n\r\nok$/ },
  {
    what: 'a form',
    sends: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
    answer: OK,
    ends: /\r\n\r\nok$/,
  },
  { what: 'a handshake', sends: HANDSHAKE, answer: SWITCHED, ends: /^HTTP\/1\.1 101 [^]*\r\n\r\nwelcome$/ },
  { what: 'a handshake and a frame', sends: `${HANDSHAKE}early`, answer: SWITCHED, ends: /welcome$/ },
  {
    what: 'a handshake that is refused',
    sends: HANDSHAKE,
    answer: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno',
    ends: /^HTTP\/1\.1 403 [^]*\r\n\r\nno$/,
  },
] as const;

type LookUp = NonNullable<PresenceOptions['lookUp']>;

interface Case {
  readonly name: string;
  readonly create: (options: { readonly lookUp: LookUp; readonly clock?: Clock }) => Engine;
}

const ENGINES: readonly Case[] = [
  { name: 'wire', create: createWireEngine },
  { name: 'http-proxy', create: createHttpProxyEngine },
];

describe.each(ENGINES)('a client that has closed its half ($name)', ({ create }) => {
  let scene: Scene;
  let state: 'halfClosed' | 'gone';
  let looks: number;
  let looked: ReturnType<typeof deferred>;
  let lookUp: LookUp;
  beforeEach(async () => {
    state = 'halfClosed';
    looks = 0;
    looked = deferred();
    lookUp = async (asked) => {
      looks += 1;
      if (looks >= LOOKS) looked.resolve(undefined);
      return asked.map(() => state);
    };
    scene = await createScene(create({ lookUp }));
  });
  afterEach(() => scene.close());

  /** A service that keeps what it was sent, and tells who has asked the whole. */
  async function serve(sends: string): Promise<{ readonly asked: Promise<Socket>; received: string }> {
    const whole = sends.startsWith('POST') ? 'hi' : '\r\n\r\n';
    const asked = deferred<Socket>();
    const service = { asked: asked.promise, received: '' };
    await scene.rawBackend((socket) => {
      socket.on('data', (piece) => {
        service.received += piece.toString('latin1');
        if (service.received.endsWith(whole)) asked.resolve(socket);
      });
    });
    return service;
  }

  async function send(text: string): Promise<RawClient> {
    const client = await openRaw(scene.port);
    client.socket.end(text, 'latin1');
    return client;
  }

  /** Waits for something, and fails when the client was closed before it. */
  const before = <T>({ closed }: RawClient, awaited: Promise<T>): Promise<T> =>
    Promise.race([awaited, closed.then(({ text }) => Promise.reject(new Error(`closed after "${text}"`)))]);

  it.each(REQUESTS)('behind $what gets its answer', async ({ sends, answer, ends }) => {
    const service = await serve(sends);
    const client = await send(sends);
    const socket = await before(client, service.asked);
    await before(client, looked.promise);
    socket.write(answer, 'latin1');
    expect((await client.closed).text).toMatch(ends);
    await eventually(() => expect(service.received.endsWith('early')).toBe(sends.endsWith('early')));
  });

  it.each(REQUESTS)('behind $what and leaves then is told to the service', async ({ sends }) => {
    const service = await serve(sends);
    const client = await send(sends);
    const left = once(await before(client, service.asked), 'close');
    await before(client, looked.promise);
    state = 'gone';
    await left;
    await client.closed;
  });

  it.each(REQUESTS)('behind $what is waited for while that is held', async ({ sends, answer, ends }) => {
    const service = await serve(sends);
    scene.handler = async () => {
      await looked.promise;
      return forwardTo(scene.target);
    };
    const client = await send(sends);
    (await before(client, service.asked)).write(answer, 'latin1');
    expect((await client.closed).text).toMatch(ends);
  });

  it.each(REQUESTS)('behind $what is not waited for when the service stays silent', async ({ sends }) => {
    const clock = createManualClock();
    await scene.close();
    scene = await createScene(create({ lookUp, clock }));
    const service = await serve(sends);
    const client = await send(sends);
    await before(client, service.asked);
    await eventually(async () => {
      await clock.advance(100);
      expect(looks).toBeGreaterThan(0);
    });
    await clock.advance(HALF_CLOSED - 1_000);
    expect(client.socket.readableEnded).toBe(false);
    await clock.advance(3_000);
    await client.closed;
  });
});
