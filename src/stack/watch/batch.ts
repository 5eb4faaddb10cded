/** Gathers changes that come together: a save of all files, or `git switch`, is one change. */
import type { Clock } from '../../lib/clock.ts';
import type { Phase } from './brakes.ts';

/** Milliseconds without another change. */
const CALM = 150;

/** Milliseconds from the first of them: what is written all the time must not keep an edit from being seen. */
const LONGEST = 3_000;

export interface Batch {
  add(file: string, phase: Phase): void;
  close(): void;
}

/** @param onCalm told the files, each with when it changed; where that was several times, the earliest after a start */
export function createBatch(clock: Clock, onCalm: (changes: ReadonlyMap<string, Phase>) => void): Batch {
  let changes = new Map<string, Phase>();
  let since: number | undefined;
  let cancel = (): void => undefined;
  const tell = (): void => {
    const told = changes;
    changes = new Map();
    since = undefined;
    onCalm(told);
  };
  return {
    add: (file, phase) => {
      const known = changes.get(file);
      changes.set(file, known !== undefined && RANK.indexOf(known) < RANK.indexOf(phase) ? known : phase);
      since ??= clock.now();
      cancel();
      cancel = clock.after(Math.max(0, Math.min(CALM, since + LONGEST - clock.now())), tell);
    },
    close: () => cancel(),
  };
}

const RANK: readonly Phase[] = ['early', 'steady', 'between', 'held'];
