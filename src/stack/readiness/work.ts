/** Whether an instance computes: a compiler that is slow is on its way, what waits for nothing is not. */
import type { Clock } from '../../lib/clock.ts';
import type { Member } from './watchers.ts';

export interface WorkOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** Every process of the instance, as a look saw it that is at most `age` milliseconds old. */
  readonly family: (age: number) => Promise<readonly Member[]>;
  /** Whether anybody wants to know. */
  readonly isAsked: () => boolean;
}

export interface WorkWatch {
  /** When it was seen computing last. */
  readonly workedAt: number | undefined;
  /** Looks from now on, as long as somebody wants to know. */
  readonly begin: () => void;
}

/** Milliseconds between two looks. */
export const WORK_LOOK = 2_000;

/** Milliseconds that a look at the machine's processes may be old: a whole stack that starts shares it. */
const AGE = 1_000;

/** The share of a core that counts as computing: what only looks at its files now and then takes less. */
const SHARE = 0.05;

export function watchWork({ clock, later, family, isAsked }: WorkOptions): WorkWatch {
  let workedAt: number | undefined;
  let isLooking = false;
  let last: { readonly used: number; readonly at: number } | undefined;

  const look = async (): Promise<void> => {
    const used = usedBy(await family(AGE).catch(() => []));
    if (used === undefined) return;
    const at = clock.now();
    // What ended since then took its share along: something has been going on.
    if (last !== undefined && (used < last.used || used - last.used >= SHARE * (at - last.at))) workedAt = at;
    last = { used, at };
  };

  const lookOn = async (): Promise<void> => {
    if (isAsked()) await look();
    if (!isAsked()) {
      isLooking = false;
      last = undefined;
      return;
    }
    later(WORK_LOOK, () => void lookOn());
  };

  return {
    get workedAt() {
      return workedAt;
    },
    begin: () => {
      if (isLooking) return;
      isLooking = true;
      later(WORK_LOOK, () => void lookOn());
    },
  };
}

/** Milliseconds of processor time of all of them; undefined where that is not known. */
function usedBy(members: readonly Member[]): number | undefined {
  const known = members.flatMap(({ used }) => used ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0);
}
