/** Shows what a program has begun to say and does not end: a prompt, a bar that is drawn anew again and again. */
import type { Clock } from '../../lib/clock.ts';
import type { LineCutter } from './cut.ts';

/** A line that nothing was added to for so long counts as said. Milliseconds. */
const QUIET = 1_000;

/** One that is always added to is shown as it is after so long. Milliseconds. */
const LONGEST = 5_000;

export interface Unfinished {
  /** Something was written to the cutter. */
  written(): void;
  close(): void;
}

export function watchUnfinished(cutter: LineCutter, clock: Clock): Unfinished {
  let cancel: (() => void) | undefined;
  let began = 0;
  let last = 0;

  const forget = (): void => {
    cancel?.();
    cancel = undefined;
  };
  const look = (): void => {
    const wait = Math.min(last + QUIET, began + LONGEST) - clock.now();
    cancel = undefined;
    if (wait > 0) cancel = clock.after(wait, look);
    else cutter.flush();
  };
  return {
    written: () => {
      if (!cutter.isWaiting) return forget();
      last = clock.now();
      if (cancel !== undefined) return;
      began = last;
      cancel = clock.after(QUIET, look);
    },
    close: forget,
  };
}
