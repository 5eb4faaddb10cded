/** What keeps the daemon away, for a person: told when it changes, not twice a second. */
import type { Clock } from '../lib/clock.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import { describeSystemError } from '../lib/system-error.ts';

export interface Outage {
  tell(error: unknown): void;
  end(): void;
}

/** Milliseconds between two reasons: some have a part that is another one each time, such as the name of a draft. */
const REASON_PAUSE = 3_000;

export function createOutage(clock: Clock, onNotice: (text: string) => void): Outage {
  let last: { readonly reason: string; readonly at: number } | undefined;
  return {
    tell: (thrown) => {
      const error = describeSystemError(thrown) ?? thrown;
      const hint = error instanceof PortrampError && error.hint !== undefined ? ` (${error.hint})` : '';
      const reason = messageOf(error) + hint;
      const isOld = last?.reason === reason;
      if (isOld || (last !== undefined && clock.now() - last.at < REASON_PAUSE)) return;
      last = { reason, at: clock.now() };
      onNotice(`the daemon is not back: ${reason}`);
    },
    end: () => {
      last = undefined;
    },
  };
}
