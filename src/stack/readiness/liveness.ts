/** Looks at what was ready, again and again, in a relaxed way. */
import type { Clock } from '../../lib/clock.ts';
import type { ProbeResult } from '../probe.ts';

export interface LivenessOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** Resolves with what is wrong; `ended` when nobody wants to know any more. */
  readonly look: () => Promise<ProbeResult | typeof ENDED>;
  readonly onWell: () => void;
  /** Called after the third failure in a row. */
  readonly onFailing: (problem: string) => void;
}

export const ENDED = Symbol('ended');

/** Milliseconds. */
const INTERVAL = 10_000;
const FAILURES = 3;

export function watchLiveness({ clock, later, look, onWell, onFailing }: LivenessOptions): void {
  let failures = 0;
  const check = async (): Promise<void> => {
    const problem = await look();
    if (problem === ENDED) return;
    failures = problem === undefined ? 0 : failures + 1;
    if (problem === undefined) onWell();
    else if (failures === FAILURES) onFailing(problem);
    later(untilBeat(clock.now()), () => void check());
  };
  later(untilBeat(clock.now()), () => void check());
}

/**
 * Milliseconds until the next look at what is ready. All services are looked at on the same beat: waking up once for
 * twenty of them costs a fraction of waking up twenty times.
 */
export function untilBeat(now: number): number {
  const rest = INTERVAL - (now % INTERVAL);
  return rest < INTERVAL / 2 ? rest + INTERVAL : rest;
}
