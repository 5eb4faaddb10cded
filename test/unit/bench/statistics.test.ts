import { array, assert, double, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { judge, median, outerRank, pairedRatio, spreadOf } from '../../bench/proxy/statistics.ts';

describe('the median', () => {
  it('is the middle value, or halfway between the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
    expect(spreadOf([5, 1, 3])).toEqual({ median: 3, least: 1, most: 5 });
  });
});

describe('the interval of a median', () => {
  // Tables of the sign test: the greatest rank with at most 2.5 % below.
  it.each([
    [5, 0],
    [6, 1],
    [8, 1],
    [9, 2],
    [11, 2],
    [12, 3],
    [15, 4],
    [20, 6],
    [25, 8],
    [100, 40],
  ])('of %i values reaches from rank %i', (count, rank) => {
    expect(outerRank(count)).toBe(rank);
  });

  it('holds the median of the distribution in 95 of 100 samples or more', () => {
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const samples = 4_000;
    let held = 0;
    for (let sample = 0; sample < samples; sample += 1) {
      // Skewed, as times are; its median is ln 2.
      const values = Array.from({ length: 9 }, () => -Math.log(random()));
      const { low, high } = pairedRatio(
        values,
        values.map(() => 1),
      );
      if (low <= Math.LN2 && Math.LN2 <= high) held += 1;
    }
    // Exactly 96.1 % is expected.
    expect(held / samples).toBeGreaterThan(0.95);
    expect(held / samples).toBeLessThan(0.972);
  });

  it('is not moved by one wild round on either side', () => {
    const other = Array.from({ length: 9 }, () => 100);
    const { median: middle, low, high } = pairedRatio([1, 98, 99, 100, 100, 101, 102, 103, 900], other);
    expect({ middle, low, high }).toEqual({ middle: 1, low: 0.98, high: 1.03 });
  });

  it('is open on both sides where there are too few', () => {
    expect(pairedRatio([2, 2, 2], [1, 1, 1])).toEqual({
      median: 2,
      low: 0,
      high: Number.POSITIVE_INFINITY,
      rounds: 3,
    });
  });

  it('encloses the median, always', () => {
    assert(
      property(array(double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const ratio = pairedRatio(
          values,
          values.map(() => 1),
        );
        return ratio.low <= ratio.median && ratio.median <= ratio.high;
      }),
    );
  });
});

describe('ratios', () => {
  it('are of pairs: what slows both down in a round is not in them', () => {
    const {
      median: middle,
      low,
      high,
    } = pairedRatio([10, 5, 20, 10, 10, 2, 10, 40, 10], [20, 10, 40, 20, 20, 4, 20, 80, 20]);
    expect([low, middle, high]).toEqual([0.5, 0.5, 0.5]);
  });

  it('want as many of the one as of the other', () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow(RangeError);
  });
});

describe('the verdict', () => {
  const ratio = { median: 0.6, low: 0.55, high: 0.63, rounds: 9 };

  it.each([
    ['>=', 0.5, 'met'],
    ['>=', 0.6, 'met'],
    ['>=', 0.62, 'open'],
    ['>=', 0.65, 'missed'],
    ['<=', 0.7, 'met'],
    ['<=', 0.6, 'met'],
    ['<=', 0.57, 'open'],
    ['<=', 0.5, 'missed'],
  ] as const)('of 0.6 (0.55 to 0.63) %s %d is %s', (sense, bound, verdict) => {
    expect(judge({ sense, bound }, ratio)).toBe(verdict);
  });

  it('is not given for fewer than nine rounds', () => {
    expect(judge({ sense: '>=', bound: 5 }, { ...ratio, rounds: 8 })).toBe('few');
  });
});
