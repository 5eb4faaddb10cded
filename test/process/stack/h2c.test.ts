/** A ramp for HTTP/2 without TLS: streams of one connection move to the next instance, with bodies and trailers. */
import { once } from 'node:events';
import { connect, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { listen } from '../../../src/proxy/listener.ts';
import { createTraffic } from '../../../src/proxy/traffic.ts';
import { createGate } from '../../../src/stack/ramp/gate.ts';
import { createH2cRelay } from '../../../src/stack/ramp/h2c.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Answers with its name, what it was sent, and trailers. */
async function instance(name: string, address = '127.0.0.1'): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'x-instance': name }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  server.listen(0, address);
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function call(session: ClientHttp2Session, body: string) {
  const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/grpc' });
  const response = once(stream, 'response');
  const trailers = once(stream, 'trailers');
  const ended = once(stream, 'end');
  stream.end(body);
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [headers] = (await response) as [Record<string, string>];
  if (headers['grpc-status'] !== undefined) return { status: headers['grpc-status'] };
  const [last] = (await trailers) as [Record<string, string>];
  await ended;
  return { instance: headers['x-instance'], text, status: last['grpc-status'] };
}

async function ramp() {
  const traffic = createTraffic(systemClock);
  const gate = createGate({ clock: systemClock, traffic, onWait: () => undefined });
  const relay = createH2cRelay(gate, 'rpc');
  const listener = await listen(0, (socket) => relay.accept(socket));
  closers.push(
    () => listener.close(),
    () => relay.close(),
  );
  return { traffic, gate, port: listener.port };
}

const at = (port: number) => ({ host: '127.0.0.1', port });

function openSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  closers.push(() => session.destroy());
  return session;
}

it('moves streams, not connections, and holds them while nobody is there', async () => {
  const { traffic, gate, port } = await ramp();
  const [one, two] = [await instance('one'), await instance('two')];

  gate.set({ targets: [at(one)], holds: true });
  const session = openSession(port);
  const body = 'x'.repeat(200_000);
  expect(await call(session, body)).toEqual({ instance: 'one', text: body, status: '0' });

  gate.set({ targets: [], holds: true });
  const held = call(session, 'held');
  gate.set({ targets: [at(two)], holds: true });
  expect(await held).toEqual({ instance: 'two', text: 'held', status: '0' });
  expect(await traffic.drain([at(one), at(two)], { timeout: 1_000, all: true })).toBe(0);

  // An instance that takes no connection is left out: nothing of the stream was sent to it.
  gate.set({ targets: [at(1), at(two)], holds: true });
  for (let round = 0; round < 4; round += 1) {
    expect(await call(session, 'again')).toEqual({ instance: 'two', text: 'again', status: '0' });
  }
  gate.set({ targets: [], holds: false });
  expect(await call(session, 'late')).toEqual({ status: '14' });
});

it('finds an instance that listens on the other loopback family alone', async () => {
  const { gate, port } = await ramp();
  gate.set({ targets: [at(await instance('six', '::1'))], holds: true });
  expect(await call(openSession(port), 'hello')).toEqual({ instance: 'six', text: 'hello', status: '0' });
});
