import { describe, expect, it } from 'vitest';

import { createTraffic, kindOf } from '../../../src/proxy/traffic.ts';
import { createManualClock } from '../manual-clock.ts';

const target = { host: '127.0.0.1', port: 20_001 };

describe('a drain for a replacement', () => {
  it('waits for exchanges, and closes tunnels at its deadline', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const tunnel = traffic.begin(target, 'tunnel');
    const exchange = traffic.begin(target, 'exchange');
    let left: number | undefined;
    void traffic.drain([target], { timeout: 1_000, all: false }).then((count) => (left = count));
    await clock.advance(500);
    expect(left).toBeUndefined();
    exchange.end();
    await clock.advance(100);
    expect(left).toBe(0);
    expect(tunnel.until.aborted).toBe(false);
    // The new instance, on the same port.
    const next = traffic.begin(target, 'tunnel');
    await clock.advance(500);
    expect(tunnel.until.aborted).toBe(true);
    expect(next.until.aborted).toBe(false);
    expect(clock.waiting).toBe(0);
  });

  it('leaves exchanges that are late to the service, which has its own time to stop', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const exchange = traffic.begin(target, 'exchange');
    const drained = traffic.drain([target], { timeout: 1_000, all: false });
    await clock.advance(1_000);
    expect(await drained).toBe(1);
    expect(exchange.until.aborted).toBe(false);
  });

  it('leaves no timer when its tunnels have ended by themselves', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const tunnel = traffic.begin(target, 'tunnel');
    expect(await traffic.drain([target], { timeout: 1_000, all: false })).toBe(0);
    tunnel.end();
    expect(clock.waiting).toBe(0);
  });
});

describe('a drain for a target that goes', () => {
  it('waits for tunnels too, and ends what is left at its deadline, tunnels of an earlier drain included', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const leaving = traffic.begin(target, 'tunnel');
    void traffic.drain([target], { timeout: 5_000, all: false });
    const [exchange, tunnel] = [traffic.begin(target, 'exchange'), traffic.begin(target, 'tunnel')];
    const elsewhere = traffic.begin({ ...target, port: 1 }, 'exchange');
    let left: number | undefined;
    void traffic.drain([target], { timeout: 1_000, all: true }).then((count) => (left = count));
    await clock.advance(999);
    expect(left).toBeUndefined();
    await clock.advance(1);
    expect(left).toBe(3);
    expect([leaving, exchange, tunnel, elsewhere].map(({ until }) => until.aborted)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('is over as soon as nothing is under way with any of its targets, and leaves no timer', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    const other = { ...target, host: '::1' };
    const passages = [traffic.begin(target, 'exchange'), traffic.begin(other, 'tunnel')];
    let left: number | undefined;
    void traffic.drain([target, other], { timeout: 1_000, all: true }).then((count) => (left = count));
    for (const passage of passages) {
      await clock.advance(1);
      expect(left).toBeUndefined();
      passage.end();
      passage.end();
    }
    await clock.advance(0);
    expect(left).toBe(0);
    expect(clock.waiting).toBe(0);
    expect(passages.some(({ until }) => until.aborted)).toBe(false);
  });
});

describe('a target is picked', () => {
  const [first, second, third] = [1, 2, 3].map((port) => ({ host: '127.0.0.1', port }));
  const all = [first, second, third].filter((one) => one !== undefined);

  it('with the least under way, in turn among equals', () => {
    const traffic = createTraffic(createManualClock());
    const picked = Array.from({ length: 6 }, () => traffic.pick(all)?.port);
    expect(picked).toEqual([1, 2, 3, 1, 2, 3]);
    const busy = all.slice(0, 2).map((one) => traffic.begin(one, 'exchange'));
    expect([traffic.pick(all)?.port, traffic.pick(all)?.port]).toEqual([3, 3]);
    busy[1]?.end();
    expect(traffic.pick(all.slice(0, 2))?.port).toBe(2);
    expect(traffic.pick([])).toBeUndefined();
  });

  it('last if it refused a connection within a second, and not at all only where there is none', async () => {
    const clock = createManualClock();
    const traffic = createTraffic(clock);
    traffic.begin({ host: '127.0.0.1', port: 2 }, 'exchange');
    traffic.refused({ host: '127.0.0.1', port: 1 });
    expect(traffic.pick(all.slice(0, 2))?.port).toBe(2);
    expect(traffic.pick(all.slice(0, 1))?.port).toBe(1);
    await clock.advance(999);
    expect(traffic.isRefusing({ host: '127.0.0.1', port: 1 })).toBe(true);
    expect(traffic.isRefusing({ host: '::1', port: 1 })).toBe(false);
    await clock.advance(1);
    expect(traffic.isRefusing({ host: '127.0.0.1', port: 1 })).toBe(false);
    expect(traffic.pick(all.slice(0, 2))?.port).toBe(1);
  });

  it('as it was known, though a thousand others were asked about since, if something is under way with it', () => {
    const traffic = createTraffic(createManualClock());
    const open = traffic.begin(target, 'exchange');
    const tell = (port: number): void => traffic.refused({ host: '127.0.0.1', port });
    for (let port = 1; port <= 999; port += 1) tell(port);
    expect([traffic.isRefusing({ host: '127.0.0.1', port: 1 }), traffic.quiet([target]).open]).toEqual([
      true,
      1,
    ]);
    tell(1_000);
    expect([traffic.isRefusing({ host: '127.0.0.1', port: 1 }), traffic.quiet([target]).open]).toEqual([
      false,
      1,
    ]);
    open.end();
    expect(traffic.quiet([target]).open).toBe(0);
  });
});

it('targets are quiet since the last of them had something, and not while one has', async () => {
  const clock = createManualClock();
  await clock.advance(100);
  const traffic = createTraffic(clock);
  const other = { ...target, port: 1 };
  await clock.advance(50);
  expect(traffic.quiet([target, other])).toEqual({ open: 0, quiet: 50 });
  const passages = [traffic.begin(target, 'exchange'), traffic.begin(target, 'tunnel')];
  await clock.advance(10);
  passages[0]?.end();
  expect(traffic.quiet([target, other])).toEqual({ open: 1, quiet: 0 });
  await clock.advance(10);
  passages[1]?.end();
  await clock.advance(7);
  expect(traffic.quiet([target, other])).toEqual({ open: 0, quiet: 7 });
  expect(traffic.quiet([other])).toEqual({ open: 0, quiet: 77 });
  expect(traffic.quiet([])).toEqual({ open: 0, quiet: 77 });
});

it('a request for a WebSocket or an event stream may stay open for ever', () => {
  const asking = (accept: string | undefined, upgrade = false): Parameters<typeof kindOf>[0] => ({
    upgrade,
    field: (name) => (name === 'accept' ? accept : undefined),
  });
  expect(kindOf(asking(undefined, true))).toBe('tunnel');
  expect(kindOf(asking('text/event-stream'))).toBe('tunnel');
  expect(kindOf(asking('*/*'))).toBe('exchange');
});
