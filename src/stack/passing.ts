/** Tries an edit again that was refused for a reason of the surroundings, such as a full disk, until that has passed. */
import type { Clock } from '../lib/clock.ts';
import { errnoOf, messageOf, PortrampError } from '../lib/errors.ts';

/** Milliseconds between two attempts. */
export const AGAIN = 5_000;

const PASSING: readonly string[] = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO'];

/** Tells whether the machine refused, not the contract. Of what the daemon could not write only its code comes here. */
export const isPassing = (error: unknown): boolean =>
  (error instanceof PortrampError && error.code === 'STATE_FOLDER') || PASSING.includes(errnoOf(error) ?? '');

export interface Persistence {
  /** Never rejects. */
  readonly attempt: () => Promise<void>;
  readonly close: () => void;
}

/**
 * @param options.again runs the attempt when it is its turn
 * @param options.onRefused is told once of a reason that stays the same, and waited for
 */
export function createPersistence(options: {
  readonly clock: Pick<Clock, 'after'>;
  readonly apply: () => Promise<void>;
  readonly again: (attempt: () => Promise<void>) => void;
  readonly onRefused: (error: unknown) => void | Promise<void>;
}): Persistence {
  const { clock, apply, again, onRefused } = options;
  let told: string | undefined;
  let isClosed = false;
  let cancel = (): void => undefined;
  const attempt = async (): Promise<void> => {
    cancel();
    try {
      await apply();
      told = undefined;
    } catch (error) {
      const stays = isPassing(error);
      const text = messageOf(error);
      if (!stays || text !== told) await onRefused(error);
      told = stays ? text : undefined;
      if (stays && !isClosed) cancel = clock.after(AGAIN, () => again(attempt));
    }
  };
  return {
    attempt,
    close: () => {
      isClosed = true;
      cancel();
    },
  };
}
