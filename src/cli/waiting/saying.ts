import { systemClock, type Clock } from '../../lib/clock.ts';

/** Milliseconds: what is quicker needs no word, and what changes often is told this often. */
const PAUSE = 3_000;

/**
 * Says what is waited for, first after a pause, then where it has changed. `words` is asked each time; undefined is
 * nothing to say. The returned function ends it.
 */
export function sayMeanwhile(
  words: () => string | undefined,
  say: (text: string) => void,
  clock: Clock = systemClock,
): () => void {
  let told: string | undefined;
  let cancel = (): void => undefined;
  const later = (): void => {
    cancel = clock.after(PAUSE, () => {
      const text = words();
      if (text !== undefined && text !== told) say(text);
      told = text ?? told;
      later();
    });
  };
  later();
  return () => cancel();
}
