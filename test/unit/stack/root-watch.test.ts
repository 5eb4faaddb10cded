import { describe, expect, it } from 'vitest';

import { createManualClock } from '../manual-clock.ts';
import { watchRoot } from '../../../src/stack/root-watch.ts';

describe('the folder of a stack', () => {
  it('that is there is looked at a few times a minute', async () => {
    const clock = createManualClock();
    let looks = 0;
    const look = async (): Promise<boolean> => (looks += 1) > 0;
    const end = watchRoot({ root: '/shop', clock, look, onGone: () => undefined });
    await clock.advance(60_000);
    expect(looks).toBe(6);
    end();
  });

  const watch = (answers: (boolean | undefined)[], lateness = 0) => {
    const clock = createManualClock({ lateness: () => lateness });
    const told: string[] = [];
    const look = (): Promise<boolean | undefined> =>
      Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]);
    const end = watchRoot({ root: '/shop', clock, look, onGone: (text) => void told.push(text) });
    return { clock, told, end };
  };

  it('is gone when two looks do not find it, and that is told once', async () => {
    const { clock, told } = watch([true, false]);
    await clock.advance(20_250);
    expect(told).toEqual([]);
    // The second look that does not find it follows the first at once.
    await clock.advance(100);
    expect(told).toEqual([expect.stringMatching('/shop was removed or moved.*portramp dev')]);
    expect(clock.waiting).toBe(0);
  });

  it('is not gone for a moment, when a look fails, or when looks are late', async () => {
    const { clock, told, end } = watch([false, true, false, undefined, false, true, undefined], 3_000);
    await clock.advance(60_000);
    expect(told).toEqual([]);
    end();
    expect(clock.waiting).toBe(0);
  });
});
