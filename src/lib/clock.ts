/** Time as a dependency, so that state machines can be tested without waiting. All values in milliseconds. */
export interface Clock {
  /**
   * Says how much time has passed since a moment that only this process knows. Goes evenly whatever is done to the
   * machine's date, so that every duration is the difference of two of these. On Linux a suspended machine does not
   * count.
   */
  now(): number;
  /** Says the date, in milliseconds since 1970, for what people and other programs read. May jump, also back. */
  wallTime(): number;
  /**
   * Runs `task` once, when `now` has grown by `ms`, never sooner; the returned function cancels it (and is safe to
   * call later).
   */
  after(ms: number, task: () => void): () => void;
}

/** A timer of Node that is longer, about 24.8 days, comes at once. */
const LONGEST = 2 ** 31 - 1;

/** A task that is later than this has waited while the process stood still. Milliseconds. */
const STALL = 250;

/** Late tasks that wait until what came in is read: those that are due after them wait as well. */
let waiting = 0;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, task) {
    const due = performance.now() + ms;
    let isCancelled = false;
    let timer: NodeJS.Timeout;
    const run = (): void => void (isCancelled || task());
    const look = (): void => {
      const left = due - performance.now();
      if (left > 0) timer = setTimeout(look, delayFor(left));
      else if (-left > STALL || waiting > 0) runLater(run);
      else run();
    };
    timer = setTimeout(look, delayFor(ms));
    return () => {
      isCancelled = true;
      clearTimeout(timer);
    };
  },
};

/** Reads what came in meanwhile first: who asks too late whether an answer is there may find it. */
function runLater(run: () => void): void {
  waiting += 1;
  setImmediate(() => {
    waiting -= 1;
    run();
  });
}

/** A timer of Node counts from the start of the turn of its loop, in whole milliseconds: it may be early by one. */
const delayFor = (ms: number): number => Math.min(Math.ceil(ms) + 1, LONGEST);

/** The date and time that the machine shows. */
export const today = (): Date => new Date(systemClock.wallTime());

/** Formats the date of now as ISO 8601 has it. */
export const timestamp = (): string => today().toISOString();
