import { beforeEach, describe, expect, it } from 'vitest';

import { watchIdle, type IdleWatch, type Quiet } from '../../../src/stack/idle.ts';
import type { Unit } from '../../../src/stack/unit.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

const LIMIT = 60_000;

/** As much of a service that starts on request as is looked at. */
const unit = {
  name: 'app',
  armed: true,
  targets: [{}],
  resolved: { service: { kind: 'process', idle: LIMIT } },
} as unknown as Unit;

let clock: ManualClock;
let quiet: Quiet;
let rested: string[];
let looks: number;
let watch: IdleWatch;

function begin(made: ManualClock): void {
  clock = made;
  [rested, looks] = [[], 0];
  watch = watchIdle({
    clock,
    look: async () => {
      looks += 1;
      return quiet;
    },
    rest: (service) => rested.push(service),
  });
  watch.follow(unit);
}

beforeEach(() => begin(createManualClock()));

describe('a service that nobody uses', () => {
  it('rests after its time, not before', async () => {
    quiet = { open: 0, quiet: LIMIT };
    await clock.advance(LIMIT - 1);
    expect(rested).toEqual([]);
    await clock.advance(1);
    expect(rested).toEqual(['app']);
    expect(clock.waiting).toBe(0);
  });

  it('is looked at when it may have been quiet for long enough, and whole times while it is used', async () => {
    quiet = { open: 0, quiet: 45_000 };
    await clock.advance(LIMIT);
    expect([looks, rested]).toEqual([1, []]);
    quiet = { open: 1, quiet: 2 * LIMIT };
    await clock.advance(15_000);
    expect(looks).toBe(2);
    await clock.advance(LIMIT - 1);
    expect(looks).toBe(2);
    quiet = { open: 0, quiet: LIMIT };
    await clock.advance(1);
    expect(rested).toEqual(['app']);
  });

  it('is looked at once, and not taken for quiet, after the process stood still for an hour', async () => {
    quiet = { open: 0, quiet: 100 };
    await clock.stall(3_600_000);
    expect([looks, rested]).toEqual([1, []]);
    watch.close();
    expect(clock.waiting).toBe(0);
  });

  it('never makes its clock spin, whatever is said of it', async () => {
    begin(createManualClock({ grain: 1_000, lateness: () => 300 }));
    quiet = { open: 0, quiet: LIMIT - 0.4 };
    await clock.advance(LIMIT + 10_000);
    expect(rested).toEqual([]);
    expect(looks).toBeLessThan(12_000);
    watch.close();
  });
});
