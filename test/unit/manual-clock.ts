import type { Clock } from '../../src/lib/clock.ts';

/** A clock that goes on only when it is told to. */
export interface ManualClock extends Clock {
  /** Lets promises settle, then runs what falls due, in order, and lets them settle after each. */
  advance(ms: number): Promise<void>;
  /** Lets `ms` pass in which nothing runs, as in a process that was stopped; what fell due meanwhile runs at the end. */
  stall(ms: number): Promise<void>;
  /** Sets back what `now` says by `ms`; timers go by the time that passes and come as before. */
  goBack(ms: number): void;
  /** Timers that are waiting. */
  readonly waiting: number;
}

/** How a clock and its timers are wrong. */
export interface ClockFaults {
  /** By how many milliseconds the next timer is late; below 0 for one that comes too early. Default: 0. */
  readonly lateness?: () => number;
  /** `now` stands still for so many milliseconds, then jumps. Default: 1. */
  readonly grain?: number;
}

/** The date at the start, in milliseconds since 1970: far from what `now` says. */
const EPOCH = Date.UTC(2030, 0, 1);

/** More timers than this in one advance are a loop that never ends. */
const SPINNING = 200_000;

interface Timer {
  /** In milliseconds that passed, whatever `now` says. */
  readonly at: number;
  readonly task: () => void;
}

export function createManualClock({ lateness = () => 0, grain = 1 }: ClockFaults = {}): ManualClock {
  let passed = 0;
  let setBack = 0;
  let timers: Timer[] = [];

  const takeNext = (end: number): Timer | undefined => {
    const next = timers.filter((timer) => timer.at <= end).sort((left, right) => left.at - right.at)[0];
    timers = timers.filter((timer) => timer !== next);
    return next;
  };

  /** Runs what is due until `end`, each when `moveTo` says. */
  const run = async (end: number, moveTo: (timer: Timer) => number): Promise<void> => {
    let count = 0;
    await settle();
    for (let next = takeNext(end); next !== undefined; next = takeNext(end)) {
      count += 1;
      if (count > SPINNING) throw new Error(`${count} timers in one advance: a loop that never ends`);
      passed = moveTo(next);
      next.task();
      await settle();
    }
    passed = end;
  };

  return {
    now: () => Math.floor((passed - setBack) / grain) * grain,
    wallTime: () => EPOCH + passed,
    after(ms, task) {
      const wrong = lateness();
      // As the timers of Node, one that is too early comes at least a millisecond later.
      const timer = { at: passed + (wrong < 0 ? Math.max(1, ms + wrong) : ms + wrong), task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (ms) => run(passed + ms, ({ at }) => Math.max(passed, at)),
    stall: async (ms) => {
      await settle();
      passed += ms;
      await run(passed, () => passed);
    },
    goBack: (ms) => {
      setBack += ms;
    },
    get waiting() {
      return timers.length;
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
