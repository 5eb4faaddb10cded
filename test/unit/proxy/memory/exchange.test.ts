/** Moments of an exchange that a real connection does not come to by itself. */
import { describe, expect, it } from 'vitest';

import type { Forward, Outcome, Reply } from '../../../../src/proxy/engine/engine.ts';
import { PROGRESS } from '../../../../src/proxy/lingering.ts';
import { Peer } from './connection.ts';
import { createNetwork, TARGET, type Network } from './network.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

const TIMES = { linger: 5_000, progress: 30_000, stall: 10_000, answer: 20_000, body: 40_000 };

const forwardTo = (more: Partial<Forward> = {}): Forward => ({
  action: 'forward',
  target: TARGET,
  headers: {},
  onUnreachable: () => ({ status: 502, headers: {}, body: 'unreachable' }),
  ...more,
});

/** Sends a request. @returns the service's end of the connection that it came on */
async function ask(network: Network, client: Peer, request: string): Promise<Peer> {
  client.send(request);
  await network.settle();
  const service = network.services.at(-1);
  if (service === undefined) throw new Error('the request went nowhere');
  return service;
}

it('tells the maker of a decision that came too late how it went', async () => {
  const outcomes: Outcome[] = [];
  let ends = 0;
  let decide: (forward: Forward) => void = () => undefined;
  const network = createNetwork({ handler: () => new Promise((resolve) => (decide = resolve)) });
  const client = network.connect();
  client.send(GET);
  await network.settle();
  client.reset();
  await network.settle();
  decide(forwardTo({ onDone: (outcome) => outcomes.push(outcome), onEnd: () => (ends += 1) }));
  await network.settle();
  expect(outcomes).toEqual([{ status: undefined, bytes: 0, complete: false }]);
  expect(ends).toBe(1);
});

it('tells which lines of a response were left out', async () => {
  const told: string[] = [];
  const onDropped: Forward['onDropped'] = ({ port }, lines) => void told.push(`${port}: ${lines}`);
  const network = createNetwork({ handler: () => forwardTo({ onDropped }) });
  const client = network.connect();
  const service = await ask(network, client, GET);
  service.send('HTTP/1.1 200 OK\r\nx-a: b\x01c\r\nContent-Length: 0\r\n\r\n');
  await network.settle();
  expect(told).toEqual(['4000: "x-a" (a control character in its value)']);
  expect(client.received).toContain('x-portramp-dropped: "x-a" (a control');
});

it('resets a reader that stands still in the midst of an answer whose end is that of the connection', async () => {
  const network = createNetwork({ timeouts: TIMES });
  const client = network.connect(new Peer(1_000));
  const service = await ask(network, client, GET);
  service.send(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(200_000)}`);
  await network.settle();
  await network.clock.advance(TIMES.stall - 1);
  expect(client.closed).toBe('no');
  await network.clock.advance(1_000);
  expect(client.closed).toBe('reset');
});

it('keeps to an answer that came while it was found out why there was none', async () => {
  let explain: (reply: Reply) => void = () => undefined;
  const onUnreachable = (): Promise<Reply> => new Promise((resolve) => (explain = resolve));
  const network = createNetwork({ timeouts: TIMES, handler: () => forwardTo({ onUnreachable }) });
  const client = network.connect();
  const service = await ask(network, client, GET);
  await network.clock.advance(TIMES.answer + 1_000);
  service.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234');
  await network.settle();
  explain({ status: 504, headers: {}, body: 'too late' });
  await network.settle();
  service.send('56789');
  await network.settle();
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n0123456789$/);
});

it('sends the whole of an early answer to a client that stops at its head, and still reads', async () => {
  const network = createNetwork({ timeouts: TIMES });
  const client = network.connect();
  const service = await ask(network, client, `${post(1_000)}some of it`);
  service.send('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 10\r\n\r\n01234');
  await network.settle();
  client.finish();
  await network.settle();
  service.send('56789');
  await network.settle();
  expect(client.received).toMatch(/^HTTP\/1\.1 413 [^]*0123456789$/);
});

describe('a client that goes on sending after an early answer', () => {
  const send = async (): Promise<{ readonly network: Network; readonly client: Peer }> => {
    const network = createNetwork({ timeouts: TIMES });
    const client = network.connect();
    const service = await ask(network, client, `${post(1e9)}some of it`);
    service.send('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n');
    await network.settle();
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    return { network, client };
  };

  it('is read for as long as it makes progress', async () => {
    const { network, client } = await send();
    for (let part = 0; part < 40; part += 1) {
      client.send('x'.repeat(PROGRESS / 4));
      await network.settle();
      await network.clock.advance(TIMES.linger - 1_000);
      expect(client.end.destroyed).toBe(false);
    }
  });

  it('is closed when it is silent', async () => {
    const { network, client } = await send();
    await network.clock.advance(TIMES.linger - 1);
    expect(client.end.destroyed).toBe(false);
    await network.clock.advance(1_000);
    expect(client.end.destroyed).toBe(true);
  });

  it('is closed when it sends a byte now and then', async () => {
    const { network, client } = await send();
    let time = 0;
    for (; !client.end.destroyed && time < 10 * TIMES.progress; time += 1_000) {
      client.send('x');
      await network.settle();
      await network.clock.advance(1_000);
    }
    expect(time).toBeGreaterThanOrEqual(TIMES.progress);
    expect(time).toBeLessThan(TIMES.progress + 3_000);
  });
});

it('closes a client whose handshake was refused and that goes on sending', async () => {
  const network = createNetwork({ timeouts: TIMES });
  const client = network.connect();
  const handshake = GET.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const service = await ask(network, client, handshake);
  service.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  await network.settle();
  expect(client.received).toMatch(/^HTTP\/1\.1 403 /);
  let time = 0;
  for (; !client.end.destroyed && time < 10 * TIMES.linger; time += 1_000) {
    client.send('x');
    await network.settle();
    await network.clock.advance(1_000);
  }
  expect(time).toBeLessThan(TIMES.linger + 3_000);
});

describe('what comes over a connection that was used before and is no answer', () => {
  const REUSE = { ...TIMES, rest: 0, witness: 0, idle: 60_000 };

  /** The second request of two, on the connection of the first. */
  const askTwice = async (): Promise<{
    readonly network: Network;
    readonly client: Peer;
    readonly service: Peer;
  }> => {
    const network = createNetwork({ timeouts: REUSE });
    const client = network.connect();
    const service = await ask(network, client, GET);
    service.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst');
    await network.settle();
    client.send(GET);
    await network.settle();
    expect(network.services).toEqual([service]);
    return { network, client, service };
  };

  it('was meant for somebody else: the request is made again on a connection of its own', async () => {
    const { network, client, service } = await askTwice();
    service.send('what is left of another answer\r\n\r\n');
    await network.settle();
    network.services[1]?.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond');
    await network.settle();
    expect(client.received).toMatch(/first[^]*HTTP\/1\.1 200 OK\r\n[^]*second$/);
  });

  it('is refused where a part of the answer has gone to the client already', async () => {
    const { network, client, service } = await askTwice();
    service.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nno answer\r\n\r\n');
    await network.settle();
    expect(network.services).toHaveLength(1);
    expect(client.received).toMatch(/HTTP\/1\.1 103 [^]*HTTP\/1\.1 502 /);
  });
});
