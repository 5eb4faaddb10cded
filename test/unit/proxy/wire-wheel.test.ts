import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Wheel } from '../../../src/proxy/wheel.ts';
import { createManualClock } from '../manual-clock.ts';

/** How late a deadline may be, in milliseconds. */
const LATE = 500;

describe('the wheel', () => {
  it.each([0, 1, 249, 250, 10_000, 64_000, 75_000, 600_000])('calls after %i ms', async (ms) => {
    const clock = createManualClock();
    await clock.advance(123);
    let expired = 0;
    const deadline = new Wheel(clock).createDeadline(() => (expired = clock.now()));
    deadline.set(ms);
    await clock.advance(ms + 1_000);
    expect(expired).toBeGreaterThanOrEqual(123 + ms);
    expect(expired).toBeLessThanOrEqual(123 + ms + LATE);
  });

  it('calls once, and not after a clear', async () => {
    const clock = createManualClock();
    const wheel = new Wheel(clock);
    const expired: string[] = [];
    const [a, b] = ['a', 'b'].map((name) => wheel.createDeadline(() => expired.push(name)));
    a!.set(1_000);
    b!.set(1_000);
    b!.clear();
    await clock.advance(10_000);
    expect(expired).toEqual(['a']);
  });

  it('sleeps when nothing hangs on it', async () => {
    const clock = createManualClock();
    const wheel = new Wheel(clock);
    expect(clock.waiting).toBe(0);
    const deadline = wheel.createDeadline(() => undefined);
    deadline.set(5_000);
    expect(clock.waiting).toBe(1);
    deadline.remove();
    expect([clock.waiting, wheel.hanging]).toEqual([0, 0]);
    deadline.set(5_000);
    deadline.clear();
    await clock.advance(6_000);
    expect([clock.waiting, wheel.hanging]).toEqual([0, 0]);
  });

  it('lets one deadline clear, set and remove others that expire at the same moment', async () => {
    const clock = createManualClock();
    const wheel = new Wheel(clock);
    const expired: string[] = [];
    const first = wheel.createDeadline(() => {
      expired.push('first');
      cleared.clear();
      removed.remove();
      later.set(1_000);
    });
    const cleared = wheel.createDeadline(() => expired.push('cleared'));
    const removed = wheel.createDeadline(() => expired.push('removed'));
    const later = wheel.createDeadline(() => expired.push(`later ${clock.now() >= 2_000}`));
    for (const deadline of [first, cleared, removed, later]) deadline.set(1_000);
    await clock.advance(10_000);
    expect(expired).toEqual(['first', 'later true']);
  });

  it('agrees with a list of times, whatever is set, cleared and removed', async () => {
    const step = fc.record({
      which: fc.nat(4),
      what: fc.constantFrom('set', 'set', 'set', 'clear', 'remove'),
      ms: fc.oneof(fc.nat(2_000), fc.nat(200_000)),
      then: fc.oneof(fc.nat(300), fc.nat(70_000)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const clock = createManualClock();
        const wheel = new Wheel(clock);
        const due: (number | undefined)[] = [];
        const deadlines = Array.from({ length: 5 }, (_, index) =>
          wheel.createDeadline(() => {
            const moment = due[index];
            expect(moment).toBeDefined();
            expect(clock.now()).toBeGreaterThanOrEqual(moment!);
            expect(clock.now()).toBeLessThanOrEqual(moment! + LATE);
            due[index] = undefined;
          }),
        );
        for (const { which, what, ms, then } of [
          ...steps,
          { which: 0, what: 'clear', ms: 0, then: 300_000 },
        ]) {
          const deadline = deadlines[which]!;
          if (what === 'set') deadline.set(ms);
          else if (what === 'clear') deadline.clear();
          else deadline.remove();
          due[which] = what === 'set' ? clock.now() + ms : undefined;
          await clock.advance(then);
          for (const moment of due) expect(moment === undefined || moment + LATE > clock.now()).toBe(true);
        }
        expect([wheel.hanging, clock.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([250, 260, 600, 5_000, 30_000, 70_000, 3_600_000])(
    'outlives a process that stood still for %i ms: what is due expires, what is not goes round',
    async (stood) => {
      const clock = createManualClock();
      const wheel = new Wheel(clock);
      const expired = new Set<number>();
      const times = [1_000, 5_000, 20_000, 50_000, 63_000, 75_000, 300_000];
      for (const ms of times) wheel.createDeadline(() => expired.add(ms)).set(ms);
      const far = wheel.createDeadline(() => expired.add(Infinity));
      far.set(7_200_000);
      await clock.advance(900);
      await clock.stall(stood);
      await clock.advance(0);
      for (const ms of times) {
        if (ms + LATE <= clock.now()) expect([...expired]).toContain(ms);
        if (ms > clock.now()) expect([...expired]).not.toContain(ms);
      }
      await clock.advance(7_200_000 - clock.now() - 1);
      expect([...expired].sort((left, right) => left - right)).toEqual(times);
      await clock.advance(LATE + 1);
      expect(expired).toContain(Infinity);
      expect([wheel.hanging, clock.waiting]).toEqual([0, 0]);
    },
  );

  it('a deadline that is set by one that expires late is not called in the same turn', async () => {
    const clock = createManualClock();
    const wheel = new Wheel(clock);
    const expired: number[] = [];
    const again = wheel.createDeadline(() => {
      expired.push(clock.now());
      if (expired.length < 3) again.set(64_000);
    });
    again.set(1_000);
    await clock.stall(90_000);
    expect(expired).toEqual([90_000]);
    await clock.stall(90_000);
    expect(expired).toEqual([90_000, 180_000]);
  });

  it('expires when the clock is again where it was, after it went back', async () => {
    const clock = createManualClock();
    const wheel = new Wheel(clock);
    const expired: string[] = [];
    const keeper = wheel.createDeadline(() => expired.push('keeper'));
    const later = wheel.createDeadline(() => expired.push('later'));
    await clock.advance(50_000);
    keeper.set(100_000);
    // Long enough for the wheel to look at what is further away than a turn: it has seen up to here.
    await clock.advance(64_000);
    clock.goBack(30_000);
    later.set(1_000);
    await clock.advance(30_000 + 1_000 + LATE);
    expect(expired).toEqual(['later']);
    await clock.advance(50_000);
    expect(expired).toEqual(['later', 'keeper']);
    expect([wheel.hanging, clock.waiting]).toEqual([0, 0]);
  });

  it('ends, is never early, and loses no deadline, whatever clock and timers do', async () => {
    const step = fc.record({
      which: fc.nat(4),
      ms: fc.oneof(fc.nat(2_000), fc.nat(200_000)),
      pass: fc.constantFrom<'advance' | 'stall' | 'goBack'>('advance', 'advance', 'stall', 'goBack'),
      then: fc.oneof(fc.nat(600), fc.nat(90_000)),
    });
    const faults = fc.record({
      lateness: fc.infiniteStream(fc.oneof(fc.constant(0), fc.integer({ min: -300, max: 1_000 }))),
      grain: fc.constantFrom(1, 16, 300),
    });
    await fc.assert(
      fc.asyncProperty(faults, fc.array(step, { maxLength: 20 }), async ({ lateness, grain }, steps) => {
        const clock = createManualClock({ lateness: () => lateness.next().value ?? 0, grain });
        await clock.stall(2_000_000);
        const wheel = new Wheel(clock);
        const due: (number | undefined)[] = [];
        const deadlines = Array.from({ length: 5 }, (_, index) =>
          wheel.createDeadline(() => {
            expect(due[index]).toBeLessThanOrEqual(clock.now());
            due[index] = undefined;
          }),
        );
        let wentBack = 0;
        for (const { which, ms, pass, then } of steps) {
          deadlines[which]!.set(ms);
          due[which] = clock.now() + ms;
          if (pass === 'goBack') wentBack += then;
          await clock[pass](then);
        }
        await clock.advance(200_000 + wentBack + 2 * LATE + 2_000);
        expect(due.filter((moment) => moment !== undefined)).toEqual([]);
        expect([wheel.hanging, clock.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
