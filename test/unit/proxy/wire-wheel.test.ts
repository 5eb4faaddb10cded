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
});
