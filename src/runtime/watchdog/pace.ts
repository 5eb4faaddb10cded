/** When the watchdog looks at the processes again: often after a start, seldom where a family stays as it is. Pure. */

/** Soon after a start, when wrappers come and go, and at first after that (milliseconds). */
const EARLY_LOOK = 500;
const LATE_LOOK = 5_000;
const EARLY = 5_000;

/** Milliseconds: a look wakes a program that the machine has put to sleep, which costs more than the look. */
const LONGEST_PAUSE = 20_000;

export interface Pace {
  /** Told of a start. */
  started(): void;
  /** Told of a look. @param hasGrown whether an instance has a process that it had not at the look before */
  looked(hasGrown: boolean): void;
  /** Gives the milliseconds until the next look. */
  readonly pause: number;
}

/** @param now Milliseconds on a clock that only goes forward. */
export function createPace(now: () => number): Pace {
  let lastStart = -Infinity;
  let late = LATE_LOOK;
  const isEarly = (): boolean => now() - lastStart < EARLY;
  return {
    started: () => {
      lastStart = now();
      late = LATE_LOOK;
    },
    looked: (hasGrown) => {
      if (hasGrown || isEarly()) late = LATE_LOOK;
      else late = Math.min(2 * late, LONGEST_PAUSE);
    },
    get pause() {
      return isEarly() ? EARLY_LOOK : late;
    },
  };
}
