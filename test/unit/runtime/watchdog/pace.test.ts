/** The watchdog looks often where something happens, and seldom where nothing does. */
import { describe, expect, it } from 'vitest';

import { createPace } from '../../../../src/runtime/watchdog/pace.ts';

describe('the pause between two looks', () => {
  const begin = (): {
    readonly after: (ms: number, hasGrown: boolean) => number;
    readonly start: () => void;
  } => {
    let now = 0;
    const pace = createPace(() => now);
    return {
      after: (ms, hasGrown) => {
        now += ms;
        pace.looked(hasGrown);
        return pace.pause;
      },
      start: () => pace.started(),
    };
  };

  it('is short after a start, and grows while the families stay as they are', () => {
    const { after, start } = begin();
    start();
    expect([after(500, true), after(500, false), after(3_900, false)]).toEqual([500, 500, 500]);
    expect([after(200, false), after(5_000, false), after(10_000, false)]).toEqual([10_000, 20_000, 20_000]);
  });

  it('is the usual one again when a family has grown, and short again after a start', () => {
    const { after, start } = begin();
    expect([after(0, false), after(0, false), after(0, true), after(0, false)]).toEqual([
      10_000, 20_000, 5_000, 10_000,
    ]);
    start();
    expect(after(0, false)).toBe(500);
    expect(after(5_000, true)).toBe(5_000);
  });
});
