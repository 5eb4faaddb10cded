/** All that a run has found: what is kept as JSON, and what the tables are made of. Pure. */
import { ENOUGH_ROUNDS, judge, pairedRatio, type Ratio, type Verdict } from '../statistics.ts';
import { TARGETS, type Target } from './metrics.ts';

export interface Result {
  readonly version: 1;
  /** ISO 8601, the day. */
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly rounds: number;
  readonly peers: readonly { readonly name: string; readonly runtime: string }[];
  /** Those that could not be measured, and why. */
  readonly absent: readonly { readonly name: string; readonly absent: string }[];
  /** Metric → peer → what each round measured. */
  readonly series: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** Milliseconds of CPU in so many seconds, with idle connections and without any. */
  readonly idle?: Idle;
}

export interface Idle {
  readonly connections: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly cpuWithout: number;
}

export interface Outcome {
  readonly target: Target;
  readonly ratio: Ratio;
  readonly verdict: Verdict;
}

/** The resolution of what the direct way is subtracted from: microseconds. */
const LEAST_ADDED = 1;

/** Targets against peers that were measured. */
export function outcomesOf({ series }: Pick<Result, 'series'>): Outcome[] {
  return TARGETS.flatMap((target) => {
    const values = target.metric === 'added' ? addedLatency(series['latency'] ?? {}) : series[target.metric];
    const [own, other] = [values?.['portramp'], values?.[target.against]];
    if (own === undefined || other === undefined) return [];
    const ratio = pairedRatio(own, other);
    return [{ target, ratio, verdict: judge(target, ratio) }];
  });
}

/** What a peer takes longer than the direct way did in the same round. */
function addedLatency(latency: Result['series'][string]): Record<string, number[]> {
  const direct = latency['direct'] ?? [];
  const added = (values: readonly number[]): number[] =>
    values.map((value, round) => Math.max(LEAST_ADDED, value - (direct[round] ?? Number.NaN)));
  return Object.fromEntries(Object.entries(latency).map(([peer, values]) => [peer, added(values)]));
}

/** Whether it says something about every target: all scenarios, and enough rounds of them. */
export const isWhole = ({ rounds, series }: Result): boolean =>
  rounds >= ENOUGH_ROUNDS &&
  ['rate', 'large', 'page', 'latency', 'memory', 'routes'].every((name) => name in series);
