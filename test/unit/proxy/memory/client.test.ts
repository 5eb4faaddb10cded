/** What becomes of a connection whose client is silent, leaves, or meets a target that is of no use. */
import { describe, expect, it } from 'vitest';

import type { Decision, Fate, Forward } from '../../../../src/proxy/engine/engine.ts';
import { Peer } from './connection.ts';
import { createNetwork, TARGET, type Network } from './network.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const TIMES = { head: 1_000, idle: 3_000, rest: 0, witness: 0, answer: 20_000 };
/** A deadline of the wheel is up to two ticks late. */
const LATE = 501;

const statusOf = ({ received }: Peer): string => received.slice(9, 12);

describe('a client that ends its side', () => {
  it.each([
    ['in the midst of a head, is told', 'GET / HT', '400'],
    ['before it said anything, is not answered', '', ''],
  ])('%s', async (_, sent, status) => {
    const network = createNetwork();
    const client = network.connect();
    if (sent !== '') client.send(sent);
    client.finish();
    await network.settle();
    expect([statusOf(client), client.closed]).toEqual([status, 'closed']);
  });

  it('between two requests, is let go without a word', async () => {
    const network = createNetwork();
    const client = network.connect();
    await answer(network, client);
    const { received } = client;
    client.finish();
    await network.settle();
    expect([client.received, client.closed]).toEqual([received, 'closed']);
  });
});

describe('a client that is silent', () => {
  it('in the midst of a head, is told when the time for it is over', async () => {
    const network = createNetwork({ timeouts: TIMES });
    const client = network.connect();
    client.send('GET / HT');
    await network.settle();
    await network.clock.advance(TIMES.head - 1);
    expect(client.received).toBe('');
    await network.clock.advance(LATE);
    await network.settle();
    expect(statusOf(client)).toBe('408');
  });

  it('between two requests, is let go without a word when the time for that is over', async () => {
    const network = createNetwork({ timeouts: TIMES });
    const client = network.connect();
    await answer(network, client);
    await network.clock.advance(TIMES.idle - 1);
    expect(client.closed).toBe('no');
    await network.clock.advance(LATE);
    await network.settle();
    expect([client.received.endsWith('ok'), client.closed]).toEqual([true, 'ended']);
  });
});

/** An exchange on the service's newest connection. */
async function answer(network: Network, client: Peer, request = GET): Promise<void> {
  client.send(request);
  await network.settle();
  network.services.findLast(({ speaks }) => speaks)?.send(OK);
  await network.settle();
  if (!client.received.endsWith('ok')) throw new Error(`no answer: ${client.received}`);
}

describe('a connection to the service that breaks', () => {
  const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';

  it.each([
    ['on which nobody asked before, is not tried again by itself', 0, GET, 1],
    ['that was used, is tried again, once, on one that was not', 1, GET, 2],
    ['that was used, is not tried again with what must not be carried out twice', 1, POST, 1],
  ])('%s', async (_, before, request, tries) => {
    const network = createNetwork({ timeouts: TIMES });
    const client = network.connect();
    for (let round = 0; round < before; round += 1) await answer(network, client);
    client.received = '';
    client.send(request);
    let asked = 0;
    for (let round = 0; round < 4; round += 1) {
      await network.settle();
      const service = network.services.findLast(
        ({ speaks, received }) => speaks && received.endsWith(request),
      );
      if (service === undefined) break;
      asked += 1;
      service.reset();
    }
    await network.settle();
    expect([asked, statusOf(client)]).toEqual([tries, '502']);
  });

  it('that took the request is asked about once, whatever the handler says, and counts as one time with a used one', async () => {
    for (const before of [0, 1]) {
      const asks: Fate[] = [];
      const decide = (): Forward => ({
        action: 'forward',
        target: TARGET,
        headers: {},
        onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
        again: (_error, fate) => {
          asks.push(fate);
          return decide();
        },
      });
      const network = createNetwork({ handler: decide, timeouts: TIMES });
      const client = network.connect();
      for (let round = 0; round < before; round += 1) await answer(network, client);
      client.received = '';
      client.send(GET);
      let sent = 0;
      for (let round = 0; round < 5; round += 1) {
        await network.settle();
        const service = network.services.findLast(({ speaks, received }) => speaks && received.endsWith(GET));
        if (service === undefined) break;
        sent += 1;
        service.reset();
      }
      await network.settle();
      expect([before, sent, asks, statusOf(client)]).toEqual([
        before,
        2,
        [before === 0 ? 'sent' : 'stale'],
        '502',
      ]);
    }
  });

  it('that was used is not made anew where the handler knows another target: one that ends takes connections for a while', async () => {
    const ports: number[] = [];
    const forward = (port: number): Forward => ({
      action: 'forward',
      target: { ...TARGET, port },
      headers: {},
      onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
      again: () => forward(2),
    });
    const network = createNetwork({
      handler: () => forward(1),
      timeouts: TIMES,
      onDial: (port) => {
        ports.push(port);
        return new Peer();
      },
    });
    const client = network.connect();
    await answer(network, client);
    client.received = '';
    client.send(GET);
    await network.settle();
    network.services.findLast(({ speaks }) => speaks)?.reset();
    await network.settle();
    network.services.at(-1)?.send(OK);
    await network.settle();
    expect([ports, statusOf(client)]).toEqual([[1, 2], '200']);
  });

  it('is asked about again for as long as the handler says so', async () => {
    const ends: number[] = [];
    const errors: string[] = [];
    const forward = (port: number): Forward => ({
      action: 'forward',
      target: { ...TARGET, port },
      headers: {},
      onEnd: () => void ends.push(port),
      onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
      again: ({ message }): Decision => {
        errors.push(message);
        return port < 3
          ? forward(port + 1)
          : { action: 'reply', reply: { status: 503, headers: {}, body: '' } };
      },
    });
    const network = createNetwork({ handler: () => forward(1), onDial: () => undefined });
    const client = network.connect();
    client.send(GET);
    // One dial on each family, for each of three targets.
    for (let dial = 0; dial < 6; dial += 1) await network.settle();
    expect([ends, statusOf(client)]).toEqual([[1, 2, 3], '503']);
    expect(errors).toEqual(Array.from({ length: 3 }, () => 'connect ECONNREFUSED'));
  });
});

describe('lines of a response', () => {
  it('that are all passed on are no news', async () => {
    const told: string[] = [];
    const network = createNetwork({
      handler: () => ({
        action: 'forward',
        target: TARGET,
        headers: {},
        onDropped: (_, lines) => void told.push(lines),
        onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
      }),
    });
    await answer(network, network.connect());
    expect(told).toEqual([]);
  });
});

it('a client that leaves is given up where nobody answers, and its connection to the service closed', async () => {
  const network = createNetwork({ timeouts: TIMES });
  const client = network.connect();
  client.send(GET);
  await network.settle();
  client.reset();
  await network.settle();
  expect(network.services.map(({ closed }) => closed)).toEqual(['closed']);
  await network.clock.advance(60_000);
  expect(network.clock.waiting).toBe(0);
});

it('a request of HTTP/1.0 gets no interim answer, and its connection ends with the answer', async () => {
  const network = createNetwork();
  const client = network.connect();
  client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
  await network.settle();
  network.services[0]?.send(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`);
  await network.settle();
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(client.closed).not.toBe('no');
});
