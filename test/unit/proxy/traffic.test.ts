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

it('a request for a WebSocket or an event stream may stay open for ever', () => {
  const asking = (accept: string | undefined, upgrade = false): Parameters<typeof kindOf>[0] => ({
    upgrade,
    field: (name) => (name === 'accept' ? accept : undefined),
  });
  expect(kindOf(asking(undefined, true))).toBe('tunnel');
  expect(kindOf(asking('text/event-stream'))).toBe('tunnel');
  expect(kindOf(asking('*/*'))).toBe('exchange');
});
