/** Looks whether a signal has stopped an instance (SIGSTOP): its port goes on to accept connections, which nobody answers. */
import type { Clock } from '../../lib/clock.ts';
import { untilBeat } from './liveness.ts';

export interface HaltOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** A process of the instance that a signal has stopped. */
  readonly stopped: () => Promise<number | undefined>;
  /** Called when another process is stopped, or none is any more. */
  readonly onChange: () => void;
}

export interface HaltWatch {
  readonly stopped: number | undefined;
}

/** Milliseconds between two looks at what is stopped: it may go on at any time. */
const SOON = 1_000;

export function watchHalts({ clock, later, stopped, onChange }: HaltOptions): HaltWatch {
  let last: number | undefined;
  const look = async (): Promise<void> => {
    const now = await stopped().catch(() => undefined);
    const isNews = now !== last;
    last = now;
    next();
    if (isNews) onChange();
  };
  const next = (): void => later(last === undefined ? untilBeat(clock.now()) : SOON, () => void look());
  next();
  return {
    get stopped() {
      return last;
    },
  };
}
