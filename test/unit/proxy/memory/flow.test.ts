/** Readers that stand still and read on: all that was sent arrives, in both directions, and nothing twice. */
import { describe, expect, it } from 'vitest';

import type { Decision } from '../../../../src/proxy/engine/engine.ts';
import { createTraffic } from '../../../../src/proxy/traffic.ts';
import { createGate } from '../../../../src/stack/ramp/gate.ts';
import { createTcpRelay } from '../../../../src/stack/ramp/tcp.ts';
import { createManualClock } from '../../manual-clock.ts';
import { Peer } from './connection.ts';
import { connectTo, createNetwork, TARGET, type Network } from './network.ts';

/** Larger than every buffer. */
const SIZE = 600_000;
const BODY = Array.from({ length: SIZE / 10 }, (_, index) => String(index).padStart(10, '.')).join('');

/** Lets each peer read in portions until nothing comes any more. */
async function readAll(network: Pick<Network, 'settle'>, ...peers: Peer[]): Promise<void> {
  await network.settle();
  for (let idle = 0; idle < 3;) {
    const before = peers.map(({ delivered }) => delivered).join();
    for (const peer of peers) peer.accept(50_000);
    await network.settle();
    idle = before === peers.map(({ delivered }) => delivered).join() ? idle + 1 : 0;
  }
}

const serviceOf = ({ services }: Pick<Network, 'services'>): Peer => {
  const service = services.at(-1);
  if (service === undefined) throw new Error('no connection was made');
  return service;
};

it.each([
  ['with a length', `Content-Length: ${SIZE}\r\n\r\n${BODY}`],
  ['that ends with the connection', `\r\n${BODY}`],
])('an answer %s', async (_, answer) => {
  const network = createNetwork();
  const client = network.connect(new Peer(0));
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await network.settle();
  serviceOf(network).send(`HTTP/1.1 200 OK\r\n${answer}`);
  if (answer.startsWith('\r\n')) serviceOf(network).finish();
  await readAll(network, client);
  expect(client.received.endsWith(BODY)).toBe(true);
  expect(client.received.indexOf(BODY)).toBe(client.received.length - SIZE);
});

describe('an upload', () => {
  const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n${BODY}`;

  it('to a service that reads in portions', async () => {
    const network = createNetwork({ onDial: () => new Peer(0) });
    const client = network.connect();
    client.send(request);
    await network.settle();
    await readAll(network, serviceOf(network));
    expect(serviceOf(network).received.endsWith(BODY)).toBe(true);
    serviceOf(network).send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await network.settle();
    expect(client.received.endsWith('ok')).toBe(true);
    // The connection is read on: it carries another request.
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    await network.settle();
    await readAll(network, serviceOf(network));
    expect(network.services.some(({ received }) => received.includes('GET /next HTTP/1.1'))).toBe(true);
  });

  it('that came before it was known where to', async () => {
    let decide: (decision: Decision) => void = () => undefined;
    const network = createNetwork({ handler: () => new Promise((resolve) => (decide = resolve)) });
    const client = network.connect();
    client.send(request);
    await network.settle();
    expect(client.unread).toBeGreaterThan(0);
    decide({
      action: 'forward',
      target: TARGET,
      headers: {},
      onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
    });
    await readAll(network, client);
    expect(serviceOf(network).received.endsWith(BODY)).toBe(true);
    expect(client.unread).toBe(0);
  });
});

describe('an upgraded connection', () => {
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';

  it('in both directions, to the end of both', async () => {
    const network = createNetwork({ onDial: () => new Peer(1_000) });
    const client = network.connect(new Peer(1_000));
    client.send(request);
    await network.settle();
    const service = serviceOf(network);
    service.send(`${switched}${BODY}`);
    client.send(BODY);
    client.finish();
    service.finish();
    await readAll(network, client, service);
    expect(client.received.endsWith(BODY)).toBe(true);
    expect(service.received.endsWith(BODY)).toBe(true);
    expect([client.closed, service.closed]).toEqual(['closed', 'closed']);
  });

  it('takes along what its client said behind the handshake, and gives up one that says too much', async () => {
    const network = createNetwork();
    const client = network.connect();
    client.send(`${request}early`);
    await network.settle();
    expect(serviceOf(network).received.endsWith('\r\n\r\n')).toBe(true);
    serviceOf(network).send(switched);
    await network.settle();
    expect(serviceOf(network).received.endsWith('\r\n\r\nearly')).toBe(true);
    const loud = network.connect();
    loud.send(`${request}${'x'.repeat(70_000)}`);
    await network.settle();
    expect(loud.closed).toBe('closed');
  });

  it('that the service breaks off is reset for its client', async () => {
    const network = createNetwork();
    const client = network.connect();
    client.send(request);
    await network.settle();
    serviceOf(network).send(switched);
    await network.settle();
    serviceOf(network).reset();
    await network.settle();
    expect(client.closed).toBe('reset');
  });
});

it('a connection on a ramp of bytes, in both directions', async () => {
  const clock = createManualClock();
  const traffic = createTraffic(clock);
  const gate = createGate({ clock, traffic, onWait: () => undefined });
  gate.set({ targets: [], holds: true });
  const network = connectTo(
    clock,
    () => new Peer(1_000),
    (transport) => createTcpRelay(gate, transport),
  );
  const client = network.connect(new Peer(1_000));
  client.send(BODY);
  await network.settle();
  gate.set({ targets: [TARGET], holds: true });
  await network.settle();
  const service = serviceOf(network);
  service.send(BODY);
  await readAll(network, client, service);
  expect([client.received === BODY, service.received === BODY]).toEqual([true, true]);
});
