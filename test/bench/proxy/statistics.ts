/** What may be said of a handful of noisy measurements. Pure. */

/** Rounds below which nothing is called met or missed. */
export const ENOUGH_ROUNDS = 9;

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Ratio {
  readonly median: number;
  /** The 95 % interval of the median; open on both sides where there are too few rounds for one. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** What a ratio is to be: at least (`>=`) or at most (`<=`) the bound. */
export interface Bound {
  readonly sense: '>=' | '<=';
  readonly bound: number;
}

/**
 * `met`: the median is on the right side. `missed`: the whole interval is on the wrong one. `open`: the median is on
 * the wrong side, and chance alone could have put it there. `few`: not enough rounds to tell.
 */
export type Verdict = 'met' | 'open' | 'missed' | 'few';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

/**
 * The ratio of two series that were measured in pairs, one pair a round, so that a slow moment of the machine is in
 * both. The interval is that of the sign test: exact for any distribution, and one wild round does not move it.
 */
export function pairedRatio(own: readonly number[], other: readonly number[]): Ratio {
  if (own.length !== other.length) throw new RangeError(`${own.length} values against ${other.length}`);
  const ratios = own.map((value, round) => value / (other[round] ?? Number.NaN)).toSorted((a, b) => a - b);
  const rank = outerRank(ratios.length);
  return {
    median: median(ratios),
    low: rank === 0 ? 0 : (ratios[rank - 1] ?? Number.NaN),
    high: rank === 0 ? Number.POSITIVE_INFINITY : (ratios[ratios.length - rank] ?? Number.NaN),
    rounds: ratios.length,
  };
}

/**
 * The greatest k for which the k-th smallest and the k-th largest of `count` values enclose the median with a
 * probability of 95 % or more: twice the lower tail of the binomial distribution (count, ½) below k is at most 5 %.
 * 0 where even the extremes do not.
 */
export function outerRank(count: number): number {
  let term = 0.5 ** count;
  let tail = 0;
  for (let rank = 0; rank < count; rank += 1) {
    tail += term;
    if (tail > 0.025) return rank;
    term *= (count - rank) / (rank + 1);
  }
  return 0;
}

export function judge({ sense, bound }: Bound, ratio: Ratio): Verdict {
  if (ratio.rounds < ENOUGH_ROUNDS) return 'few';
  const holds = (value: number): boolean => (sense === '>=' ? value >= bound : value <= bound);
  if (holds(ratio.median)) return 'met';
  return holds(sense === '>=' ? ratio.high : ratio.low) ? 'open' : 'missed';
}
