/** Long work in pieces: whoever asks the process for something meanwhile is answered in between. */
import type { Clock } from '../lib/clock.ts';

export interface Slices {
  /**
   * Does the work for one item after the other, as far as the time allows. While it rests nothing is done.
   * @param one says whether there was anything to do: after what costs nothing there is no rest, or items that have to
   *   wait would keep those behind them from their turn
   */
  work<T>(items: Iterable<T>, one: (item: T) => boolean): void;
}

/** Milliseconds of work after which the event loop turns. */
const SLICE = 20;

/** @param goOn called after a rest: what is left is to be worked on */
export function createSlices(clock: Pick<Clock, 'now' | 'after'>, goOn: () => void): Slices {
  let isResting = false;
  return {
    work: (items, one) => {
      if (isResting) return;
      const began = clock.now();
      for (const item of items) {
        if (!one(item) || clock.now() - began <= SLICE) continue;
        isResting = true;
        clock.after(0, () => {
          isResting = false;
          goOn();
        });
        return;
      }
    },
  };
}
