/** Shares the event loop: what blocks it for a while, many times in a row, lets it turn in between. */
import { setImmediate as breathe } from 'node:timers/promises';

import { systemClock } from '../../lib/clock.ts';

/** Milliseconds that may go by before the loop turns. */
const SLICE = 20;

/**
 * Makes the function that is awaited before each piece of work: it resolves in the order of the calls, and lets the
 * event loop turn when the pieces since the last turn took long.
 */
export function createTurns(now: () => number = () => systemClock.now()): () => Promise<void> {
  let last = Promise.resolve();
  let began = -Infinity;
  const wait = async (): Promise<void> => {
    if (now() - began < SLICE) return;
    await breathe();
    began = now();
  };
  return () => (last = last.then(wait));
}
