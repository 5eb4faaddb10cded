/** What a ramp passes on to which instance, and what it says where there is none. */
import { afterEach, describe, expect, it } from 'vitest';

import type { Decision, Forward, Handler, Reply } from '../../../src/proxy/engine/engine.ts';
import { createTraffic, type Traffic } from '../../../src/proxy/traffic.ts';
import { createGate, type Gate, type GateLimits } from '../../../src/stack/ramp/gate.ts';
import { createHttpRelay } from '../../../src/stack/ramp/http.ts';
import { createTcpRelay, type Relay } from '../../../src/stack/ramp/tcp.ts';
import { headOf } from '../front/head.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { Peer } from '../proxy/memory/connection.ts';
import { connectTo, TARGET, type Network } from '../proxy/memory/network.ts';

const INSTANCE = { host: '127.0.0.1', port: 4_000 };
const OTHER = { host: '127.0.0.1', port: 4_001 };
const refusal = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

interface Scene {
  readonly clock: ManualClock;
  readonly traffic: Traffic;
  readonly gate: Gate;
}

function createScene(limits: Partial<GateLimits> = {}): Scene {
  const clock = createManualClock();
  const traffic = createTraffic(clock);
  return { clock, traffic, gate: createGate({ clock, traffic, onWait: () => undefined, limits }) };
}

describe('a request on a ramp', () => {
  let scene: Scene;
  let handler: Handler;
  let relay: Relay;
  let deadlines: number[];

  function begin(limits: Partial<GateLimits> = {}): void {
    scene = createScene(limits);
    deadlines = [];
    relay = createHttpRelay(scene.gate, {
      engine: {
        name: 'wire',
        createServer: (asked) => {
          handler = asked;
          return {
            accept: () => undefined,
            connections: 0,
            close: async (deadline) => {
              deadlines.push(deadline);
            },
          };
        },
      },
      clock: scene.clock,
      service: 'api',
      lines: () => ['last words'],
    });
  }

  const ask = (signal = new AbortController().signal): Decision | Promise<Decision> =>
    handler(headOf('a'), signal);
  const forwardOf = (decision: Decision): Forward => {
    if (decision.action !== 'forward') throw new Error(`a reply: ${decision.reply.body}`);
    return decision;
  };
  const told = (reply: Reply): { code: string; message: string; log: readonly string[] | undefined } => {
    const { error, message, log } = JSON.parse(reply.body) as Record<string, never>;
    return { code: error ?? '', message: message ?? '', log };
  };
  const refused = async (signal?: AbortSignal): Promise<ReturnType<typeof told>> => {
    const decision = await ask(signal);
    if (decision.action !== 'reply') throw new Error('forwarded');
    return told(decision.reply);
  };

  it('goes to the instance as it came, and is counted until it is over', () => {
    begin();
    scene.gate.set({ targets: [INSTANCE], holds: true });
    const decision = ask();
    if (decision instanceof Promise) throw new Error('it had to wait');
    const forward = forwardOf(decision);
    expect(forward).toMatchObject({ target: { protocol: 'http', ...INSTANCE }, headers: {} });
    expect(scene.traffic.quiet([INSTANCE]).open).toBe(1);
    forward.onEnd?.();
    expect(scene.traffic.quiet([INSTANCE]).open).toBe(0);
  });

  it('ends with what is under way when its instance has to go', async () => {
    begin();
    scene.gate.set({ targets: [INSTANCE], holds: true });
    const forward = forwardOf(await ask());
    void scene.traffic.drain([INSTANCE], { timeout: 10, all: true });
    await scene.clock.advance(10);
    expect(forward.until?.aborted).toBe(true);
  });

  it('is told why there is no instance', async () => {
    begin({ waiting: 1, wait: 100 });
    expect(await refused()).toEqual({
      code: 'SERVICE_STOPPED',
      message: 'the service api does not run',
      log: ['last words'],
    });
    scene.gate.set({ targets: [], holds: true });
    const late = refused();
    const full = await refused();
    expect(full).toMatchObject({ code: 'SERVICE_STARTING', message: expect.stringContaining('too many') });
    await scene.clock.advance(100);
    expect(await late).toMatchObject({
      code: 'SERVICE_STARTING',
      message: 'the service api is not ready yet',
      log: ['last words'],
    });
    expect(await refused(AbortSignal.abort())).toMatchObject({ message: expect.stringContaining('left') });
  });

  it('is told why its instance does not answer', async () => {
    begin();
    scene.gate.set({ targets: [INSTANCE], holds: true });
    const { onUnreachable } = forwardOf(await ask());
    expect(told(await onUnreachable(refusal()))).toEqual({
      code: 'SERVICE_SILENT',
      message: 'the service api runs, but nothing listens on its port',
      log: ['last words'],
    });
    expect(told(await onUnreachable(new Error('read ECONNRESET')))).toEqual({
      code: 'SERVICE_UNREACHABLE',
      message: 'no answer from the service api: read ECONNRESET',
      log: undefined,
    });
  });

  it('that its instance took without an answer goes to another one, and never twice to the same', async () => {
    begin();
    const broken = new Error('socket hang up');
    scene.gate.set({ targets: [INSTANCE, OTHER], holds: true });
    expect(await forwardOf(await ask()).again?.(broken, 'sent')).toMatchObject({ target: OTHER });
    scene.gate.set({ targets: [INSTANCE], holds: true });
    expect(await forwardOf(await ask()).again?.(broken, 'sent')).toMatchObject({
      action: 'reply',
      reply: { status: 502 },
    });
  });

  it('whose connection was closed after others had used it goes to another one, and after a pause to the same', async () => {
    begin();
    const broken = new Error('read ECONNRESET');
    scene.gate.set({ targets: [INSTANCE, OTHER], holds: true });
    expect(await forwardOf(await ask()).again?.(broken, 'stale')).toMatchObject({ target: OTHER });
    scene.gate.set({ targets: [INSTANCE], holds: true });
    const next = forwardOf(await ask()).again?.(broken, 'stale');
    await scene.clock.advance(100);
    expect(await next).toMatchObject({ target: INSTANCE });
  });

  it('goes to another instance, and is made again for ten seconds where there is none', async () => {
    begin();
    scene.gate.set({ targets: [INSTANCE, OTHER], holds: true });
    const next = await forwardOf(await ask()).again?.(refusal(), 'unsent');
    expect(next).toMatchObject({ target: OTHER });
    scene.gate.set({ targets: [INSTANCE], holds: true });
    let decision = forwardOf(await ask());
    const again = async (): Promise<Decision | undefined> => {
      let made: Decision | undefined;
      void Promise.resolve(decision.again?.(refusal(), 'unsent')).then((found) => (made = found));
      await scene.clock.advance(0);
      if (made === undefined) await scene.clock.advance(100);
      return made;
    };
    for (let round = 0; round < 10; round += 1) {
      const made = await again();
      if (made === undefined) throw new Error('nothing came of it');
      decision = forwardOf(made);
      await scene.clock.advance(890);
    }
    await scene.clock.advance(200);
    expect(await again()).toMatchObject({ action: 'reply', reply: { status: 503 } });
  });

  it('has a tenth of a second when the ramp closes', async () => {
    begin();
    await relay.close();
    expect(deadlines).toEqual([100]);
  });
});

describe('a connection on a ramp of bytes', () => {
  let scene: Scene;
  let network: Network<Relay>;
  let dials: number[];

  /** @param refusals how many dials are refused before the first that is not */
  function begin(refusals = 0, limits: Partial<GateLimits> = {}): void {
    scene = createScene(limits);
    dials = [];
    const onDial = (port: number): Peer | undefined => {
      dials.push(port);
      return dials.length > refusals ? new Peer() : undefined;
    };
    network = connectTo(scene.clock, onDial, (transport) => createTcpRelay(scene.gate, transport));
  }

  afterEach(async () => {
    await network.server.close();
    expect(scene.traffic.quiet([INSTANCE]).open).toBe(0);
  });

  it('carries what both sides say, also after one has said all', async () => {
    begin();
    scene.gate.set({ targets: [TARGET], holds: true });
    const client = network.connect();
    client.send('question');
    client.finish();
    await network.settle();
    const [service] = network.services;
    expect([service?.received, service?.closed]).toEqual(['question', 'ended']);
    service?.send('answer');
    service?.finish();
    await network.settle();
    expect([client.received, client.closed]).toEqual(['answer', 'closed']);
    expect(scene.traffic.quiet([INSTANCE]).open).toBe(0);
  });

  it('waits for an instance, which then gets all that was said meanwhile', async () => {
    begin();
    scene.gate.set({ targets: [], holds: true });
    const client = network.connect();
    client.send('early ');
    await network.settle();
    expect(dials).toEqual([]);
    scene.gate.set({ targets: [TARGET], holds: true });
    await network.settle();
    client.send('late');
    await network.settle();
    expect(network.services[0]?.received).toBe('early late');
  });

  it('of a client that leaves while it waits is given up, and of one that ended its side after a word is not', async () => {
    begin();
    scene.gate.set({ targets: [], holds: true });
    const [silent, speaker] = [network.connect(), network.connect()];
    speaker.send('x');
    for (const client of [silent, speaker]) client.finish();
    await network.settle();
    expect([silent.closed, speaker.closed, scene.gate.holding]).toEqual(['reset', 'no', 1]);
  });

  it('is closed where nobody is coming', async () => {
    begin();
    const client = network.connect();
    await network.settle();
    expect([client.closed, dials]).toEqual(['reset', []]);
  });

  it('is tried on both families, and again after a pause', async () => {
    begin(2);
    scene.gate.set({ targets: [TARGET], holds: true });
    const client = network.connect();
    await network.settle();
    expect([dials.length, client.closed]).toEqual([2, 'no']);
    await scene.clock.advance(100);
    await network.settle();
    expect(dials).toHaveLength(3);
    client.send('x');
    await network.settle();
    expect(network.services[0]?.received).toBe('x');
  });

  it('is tried fifty times and then closed', async () => {
    begin(Infinity);
    scene.gate.set({ targets: [TARGET], holds: true });
    const client = network.connect();
    for (let round = 0; round < 60; round += 1) {
      await network.settle();
      await scene.clock.advance(100);
    }
    expect([dials.length, client.closed]).toEqual([100, 'reset']);
  });

  it.each(['client', 'service'])('that the %s breaks off is broken off on the other side', async (leaver) => {
    begin();
    scene.gate.set({ targets: [TARGET], holds: true });
    const client = network.connect();
    await network.settle();
    const [service] = network.services;
    const [gone, other] = leaver === 'client' ? [client, service] : [service, client];
    gone?.reset();
    await network.settle();
    expect(other?.closed).toBe('reset');
    expect(scene.traffic.quiet([INSTANCE]).open).toBe(0);
  });

  it('is cut on both sides when its instance has to go', async () => {
    begin();
    scene.gate.set({ targets: [TARGET], holds: true });
    const client = network.connect();
    await network.settle();
    void scene.traffic.drain([TARGET], { timeout: 10, all: false });
    await scene.clock.advance(10);
    await network.settle();
    expect([client.closed, network.services[0]?.closed]).toEqual(['reset', 'reset']);
  });
});
