/**
 * A waiting room for requests whose service is on its way: bounded in number and time, left at once by a client
 * that goes away. It knows nothing of services: `wake` lets everybody look again.
 */
import type { Clock } from '../lib/clock.ts';

/** Why the waiting ended: something changed, the time is over, the client has left, or the room was full. */
export type HoldEnd = 'woken' | 'late' | 'gone' | 'full';

/** How long requests wait for the port of a service that starts itself anew, from when it was gone. Milliseconds. */
export const RESTART_TIME = 10_000;

export interface Hold {
  /** Requests that wait now. */
  readonly size: number;
  /** Waits for the next `wake`, but not beyond the moment `until` of the clock. */
  wait(until: number, signal: AbortSignal): Promise<HoldEnd>;
  wake(): void;
}

export function createHold(clock: Clock, limit: number): Hold {
  let waiting = new Set<(end: HoldEnd) => void>();
  return {
    get size() {
      return waiting.size;
    },
    wait: (until, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve('gone');
        const left = until - clock.now();
        if (left <= 0) return resolve('late');
        if (waiting.size >= limit) return resolve('full');
        const leave = (end: HoldEnd): void => {
          waiting.delete(leave);
          cancel();
          signal.removeEventListener('abort', onAbort);
          resolve(end);
        };
        const onAbort = (): void => leave('gone');
        const cancel = clock.after(left, () => leave('late'));
        signal.addEventListener('abort', onAbort);
        waiting.add(leave);
      }),
    wake: () => {
      const woken = waiting;
      waiting = new Set();
      for (const leave of woken) leave('woken');
    },
  };
}
