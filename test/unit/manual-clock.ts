import type { Clock } from '../../src/lib/clock.ts';

/** A clock that goes on only when it is told to. */
export interface ManualClock extends Clock {
  /** Runs what falls due, in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Timers that are waiting. */
  readonly waiting: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  let timers: { at: number; task: () => void }[] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    after(ms, task) {
      const timer = { at: now + ms, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((left, right) => left.at - right.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.task();
        await settle();
      }
      now = end;
    },
    get waiting() {
      return timers.length;
    },
  };
}
