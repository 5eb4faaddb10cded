/**
 * What the engine has read and could not write yet: of each exchange a few buffers at most, however much one side sends
 * and however little the other one reads.
 */
import { describe, expect, it } from 'vitest';

import { createTraffic } from '../../../../src/proxy/traffic.ts';
import { createGate } from '../../../../src/stack/ramp/gate.ts';
import { createTcpRelay } from '../../../../src/stack/ramp/tcp.ts';
import { createManualClock } from '../../manual-clock.ts';
import { Peer } from './connection.ts';
import { connectTo, createNetwork, TARGET, type Network } from './network.ts';

/** The largest read, and what a socket takes beyond its water mark, in bytes. */
const MOST = 256 * 1024 + 64 * 1024;

/** An interim response, in bytes: its head is kept until the rest of it is there, beside all the above. */
const INTERIM = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(60_000)}\r\n\r\n`;

const MUCH = 2 * 1024 * 1024;
const EXCHANGES = 4;

const chunked = (chunk: string, times: number): string =>
  `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(times);

/**
 * Answers that begin like this and go on for `MUCH` bytes, of which a part is passed on: the frame of a chunk is read, and
 * for HTTP/1.0 dropped.
 */
const ANSWERS: readonly (readonly [
  name: string,
  version: string,
  part: number,
  most: number,
  answer: string,
])[] = [
  ['with a length', '1.1', 1, MOST, `HTTP/1.1 200 OK\r\nContent-Length: ${MUCH}\r\n\r\n${'x'.repeat(MUCH)}`],
  [
    'in chunks',
    '1.1',
    1,
    MOST,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('x'.repeat(1_000), MUCH / 1_000)}`,
  ],
  [
    'in tiny chunks, for HTTP/1.0',
    '1.0',
    1 / 6,
    MOST,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('x', MUCH / 6)}`,
  ],
  ['that ends with the connection', '1.1', 1, MOST, `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(MUCH)}`],
  ['behind interim ones', '1.1', 1, MOST + INTERIM.length, INTERIM.repeat(MUCH / INTERIM.length)],
];

async function exchange(network: Network, request: string, client: Peer): Promise<Peer> {
  const known = network.services.length;
  network.connect(client).send(request);
  await network.settle();
  const service = network.services[known];
  if (service === undefined) throw new Error('no connection was made for this request');
  return service;
}

describe('readers that never read', () => {
  it.each(ANSWERS)('an answer %s', async (_, version, part, most, answer) => {
    const network = createNetwork();
    for (let index = 0; index < EXCHANGES; index += 1) {
      const service = await exchange(network, `GET / HTTP/${version}\r\nHost: a\r\n\r\n`, new Peer(0, false));
      service.send(answer);
    }
    await network.settle();
    expect(network.services.every(({ unread }) => unread > 0)).toBe(true);
    expect(network.held * part).toBeLessThan(EXCHANGES * most);
  });

  it.each(ANSWERS)(
    'an answer %s, of which a portion is read now and then',
    async (_, version, part, most, answer) => {
      const network = createNetwork();
      const client = new Peer(0, false);
      const service = await exchange(network, `GET / HTTP/${version}\r\nHost: a\r\n\r\n`, client);
      service.send(answer);
      for (let portion = 0; portion < 20; portion += 1) {
        client.accept(40_000);
        await network.settle();
        expect(network.held * part).toBeLessThan(most);
      }
      expect(client.delivered).toBeGreaterThan(300_000);
    },
  );

  it('an upgraded connection, in both directions', async () => {
    const network = createNetwork({ onDial: () => new Peer(1_000, false) });
    const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    for (let index = 0; index < EXCHANGES; index += 1) {
      const client = new Peer(1_000, false);
      const service = await exchange(network, request, client);
      service.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      await network.settle();
      service.send('x'.repeat(MUCH));
      client.send('y'.repeat(MUCH));
    }
    await network.settle();
    const peers = [...network.services, ...network.clients];
    expect(peers.every(({ unread }) => unread > 0)).toBe(true);
    expect(network.held).toBeLessThan(EXCHANGES * 2 * MOST);
  });

  it('requests one behind the other, whose answers nobody reads', async () => {
    const network = createNetwork({
      handler: () => ({ action: 'reply', reply: { status: 200, headers: {}, body: 'x'.repeat(10_000) } }),
    });
    const client = network.connect(new Peer(0));
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50_000));
    await network.settle();
    expect(client.unread).toBeGreaterThan(0);
    expect(client.end.writableLength).toBeLessThan(MOST);
    expect(client.taken).toBeLessThan(MOST);
  });
});

describe('a client whose upload nobody reads', () => {
  const BODIES: readonly (readonly [name: string, request: string])[] = [
    ['with a length', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MUCH}\r\n\r\n${'x'.repeat(MUCH)}`],
    [
      'in chunks',
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('x'.repeat(1_000), MUCH / 1_000)}`,
    ],
    [
      'behind which requests follow',
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}${'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(MUCH / 30)}`,
    ],
  ];

  it.each(BODIES)('%s', async (_, request) => {
    const network = createNetwork({ onDial: () => new Peer(0, false) });
    for (let index = 0; index < EXCHANGES; index += 1) network.connect().send(request);
    await network.settle();
    expect(network.services).toHaveLength(EXCHANGES);
    expect(network.clients.every(({ unread }) => unread > 0)).toBe(true);
    expect(network.held).toBeLessThan(EXCHANGES * MOST);
  });

  it.each(BODIES)('%s, while it is not known where to', async (_, request) => {
    const network = createNetwork({ handler: () => new Promise(() => undefined) });
    for (let index = 0; index < EXCHANGES; index += 1) network.connect().send(request);
    await network.settle();
    expect(network.held).toBeLessThan(EXCHANGES * MOST);
  });

  it.each(BODIES)('%s, in portions, each of which the service reads', async (_, request) => {
    const network = createNetwork({ onDial: () => new Peer(0, false) });
    network.connect().send(request);
    await network.settle();
    const [service] = network.services;
    for (let portion = 0; portion < 40; portion += 1) {
      service?.accept(10_000);
      await network.settle();
      expect(network.held).toBeLessThan(MOST);
    }
  });
});

describe('a ramp of bytes', () => {
  /** @param isThere an instance of the service */
  const ramp = (isThere: boolean) => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const gate = createGate({ clock, traffic, onWait: () => undefined });
    gate.set({ targets: isThere ? [TARGET] : [], holds: true });
    return connectTo(
      clock,
      () => new Peer(0, false),
      (transport) => createTcpRelay(gate, transport),
    );
  };

  it('whose ends send and do not read', async () => {
    const network = ramp(true);
    for (let index = 0; index < EXCHANGES; index += 1) {
      network.connect(new Peer(0, false)).send('y'.repeat(MUCH));
    }
    await network.settle();
    for (const service of network.services) service.send('x'.repeat(MUCH));
    await network.settle();
    expect(network.services).toHaveLength(EXCHANGES);
    expect([...network.services, ...network.clients].every(({ unread }) => unread > 0)).toBe(true);
    expect(network.held).toBeLessThan(EXCHANGES * 2 * MOST);
  });

  it('whose client speaks before a service is there', async () => {
    const network = ramp(false);
    for (let index = 0; index < EXCHANGES; index += 1) network.connect().send('y'.repeat(MUCH));
    await network.settle();
    expect(network.clients.every(({ unread }) => unread > 0)).toBe(true);
    expect(network.held).toBeLessThan(EXCHANGES * MOST);
  });
});
