import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createHold, type HoldEnd } from '../../../src/proxy/hold.ts';
import { createManualClock } from '../manual-clock.ts';

const never = new AbortController().signal;

describe('a waiting room', () => {
  it('lets everybody out when it is woken', async () => {
    const clock = createManualClock();
    const hold = createHold(clock, 10);
    const waits = [hold.wait(100, never), hold.wait(200, never)];
    expect(hold.size).toBe(2);
    hold.wake();
    expect(await Promise.all(waits)).toEqual(['woken', 'woken']);
    expect([hold.size, clock.waiting]).toEqual([0, 0]);
  });

  it('keeps those who come back while it wakes', async () => {
    const clock = createManualClock();
    const hold = createHold(clock, 1);
    const first = hold.wait(100, never);
    hold.wake();
    await first;
    const second = hold.wait(100, never);
    expect(hold.size).toBe(1);
    await clock.advance(100);
    expect(await second).toBe('late');
  });

  it('is full, over, or not entered', async () => {
    const clock = createManualClock();
    const hold = createHold(clock, 1);
    const inside = hold.wait(100, never);
    expect(await hold.wait(100, never)).toBe('full');
    expect(await hold.wait(0, never)).toBe('late');
    expect(await hold.wait(100, AbortSignal.abort())).toBe('gone');
    hold.wake();
    await inside;
  });

  it('settles every wait exactly once and leaves no timer', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 10 }) }),
      fc.record({ kind: fc.constant('leave' as const), ms: fc.nat(20) }),
      fc.record({ kind: fc.constant('wake' as const), ms: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = createManualClock();
        const hold = createHold(clock, 5);
        const clients: AbortController[] = [];
        const ends: Promise<HoldEnd>[] = [];
        for (const { kind, ms } of steps) {
          if (kind === 'wait') {
            const client = new AbortController();
            clients.push(client);
            ends.push(hold.wait(clock.now() + ms, client.signal));
          } else if (kind === 'advance') await clock.advance(ms);
          else if (kind === 'leave') clients[ms % Math.max(1, clients.length)]?.abort();
          else hold.wake();
          expect(hold.size).toBeLessThanOrEqual(5);
          expect(clock.waiting).toBe(hold.size);
        }
        await clock.advance(20);
        await Promise.all(ends);
        expect([hold.size, clock.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a waiting room of a process that stood still', () => {
  it('lets out once, each for one reason, whatever the clock does', async () => {
    const clock = createManualClock({ lateness: () => 700, grain: 100 });
    const hold = createHold(clock, 10);
    const ends = [hold.wait(1_000, never), hold.wait(5_000, never), hold.wait(60_000, never)];
    await clock.stall(30_000);
    expect(await Promise.all(ends.slice(0, 2))).toEqual(['late', 'late']);
    expect(hold.size).toBe(1);
    clock.goBack(20_000);
    hold.wake();
    expect(await ends[2]).toBe('woken');
    expect([hold.size, clock.waiting]).toEqual([0, 0]);
  });
});
