/** Timers that end together with the watch that they belong to. */
import type { Clock } from '../../lib/clock.ts';

export interface Timers {
  /** Runs a task once after so many milliseconds, unless the timers have ended. Returns the function that cancels it. */
  readonly later: (ms: number, task: () => void) => () => void;
  readonly end: () => void;
}

export function createTimers(clock: Pick<Clock, 'after'>): Timers {
  const cancels = new Set<() => void>();
  let hasEnded = false;
  return {
    later: (ms, task) => {
      // A look that was under way at the end would go on: nobody would cancel what it asks for.
      if (hasEnded) return () => undefined;
      const cancel = clock.after(ms, () => {
        cancels.delete(cancel);
        task();
      });
      cancels.add(cancel);
      return cancel;
    },
    end: () => {
      hasEnded = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
