/** Looks at what was ready, again and again, in a relaxed way. */
import type { Clock } from '../../lib/clock.ts';
import type { ProbeResult } from '../probe.ts';

export interface LivenessOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => () => void;
  /**
   * Resolves with what is wrong; `UNSEEN` when there was no way to look, `ENDED` when nobody wants to know any more.
   */
  readonly look: () => Promise<ProbeResult | typeof UNSEEN | typeof ENDED>;
  readonly onWell: () => void;
  /** Called after the third failure in a row, and for what tells of its changes at every one from then on. */
  readonly onFailing: (problem: string) => void;
  /** Calls back when a look is due now, whose failure is the last that is needed. */
  readonly onChange?: ((listener: () => void) => () => void) | undefined;
}

export const ENDED = Symbol('ended');
export const UNSEEN = Symbol('unseen');

/** Milliseconds. */
const INTERVAL = 10_000;
const FAILURES = 3;
/** Between looks at what fails. */
const QUICK_INTERVAL = 1_000;

/** Returns the function that ends what the clock does not. */
export function watchLiveness(options: LivenessOptions): () => void {
  const { clock, later, look, onWell, onFailing, onChange } = options;
  let failures = 0;
  let isLooking = false;
  let isDue = false;
  const count = (problem: ProbeResult, isCertain: boolean): void => {
    failures = problem === undefined ? 0 : Math.max(failures + 1, isCertain ? FAILURES : 0);
    if (problem === undefined) onWell();
    else if (failures === FAILURES || (failures > FAILURES && onChange !== undefined)) onFailing(problem);
  };
  const check = async (isCertain: boolean): Promise<void> => {
    isLooking = true;
    isDue = false;
    const began = clock.now();
    const problem = await look();
    isLooking = false;
    if (problem === ENDED) return;
    if (problem !== UNSEEN) count(problem, isCertain);
    // What fails at once is asked again soon. What does not answer in time may be busy or stand still: it has longer.
    const isPrompt = failures > 0 && clock.now() - began < QUICK_INTERVAL;
    const isQuick = isPrompt || (failures >= FAILURES && onChange !== undefined);
    next(isDue ? 0 : isQuick ? QUICK_INTERVAL : untilBeat(clock.now()), isDue);
  };
  let cancelNext = (): void => undefined;
  const next = (ms: number, isCertain = false): void => {
    cancelNext();
    cancelNext = later(ms, () => void check(isCertain));
  };
  next(untilBeat(clock.now()));
  const end = onChange?.(() => {
    if (isLooking) isDue = true;
    else next(0, true);
  });
  return () => end?.();
}

/**
 * Milliseconds until the next look at what is ready. All services are looked at on the same beat: waking up once for
 * twenty of them costs a fraction of waking up twenty times.
 */
export function untilBeat(now: number): number {
  const rest = INTERVAL - (now % INTERVAL);
  return rest < INTERVAL / 2 ? rest + INTERVAL : rest;
}
