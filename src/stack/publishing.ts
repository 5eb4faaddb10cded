/**
 * Sends whole snapshots of a stack. A snapshot is built only when it is sent, so that many changes in a row cost one;
 * two messages keep a distance that grows with what one costs.
 */
import type { Clock } from '../lib/clock.ts';
import type { StackSnapshot } from '../protocol/messages.ts';

export interface PublishingOptions {
  readonly clock: Clock;
  /** Whether there is anybody to send to. */
  readonly canSend: () => boolean;
  /** Resolves when the daemon has taken the snapshot over; rejects when it refuses. */
  readonly send: (snapshot: StackSnapshot) => Promise<void>;
  readonly onRefused: (error: unknown) => void;
}

export interface Publishing {
  /**
   * Sends soon what `take` gives then; of several calls in a row the last counts. Without it: what the last call gave.
   * Resolves when that, or what came later, is live.
   */
  publish(take?: () => StackSnapshot): Promise<void>;
  close(): void;
}

/**
 * The rest after a message is this many times as long as it took to build and write: while hundreds of services start,
 * each of which changes again and again, messages take a twentieth of a core, and the daemon's reading of them not much more.
 */
const REST = 19;

/** Milliseconds: no change waits for longer because of the one before. */
const LONGEST_REST = 200;

export function createPublishing({ clock, canSend, send, onRefused }: PublishingOptions): Publishing {
  let latest: (() => StackSnapshot) | undefined;
  let isStale = false;
  let publishing: Promise<void> | undefined;
  let notBefore = -Infinity;
  let endRest = (): void => undefined;

  const rest = async (): Promise<void> => {
    const left = notBefore - clock.now();
    if (left <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(left, resolve);
      endRest = () => {
        cancel();
        resolve();
      };
    });
  };

  const flush = async (): Promise<void> => {
    await rest();
    // What changes while a message is under way is sent by the next one.
    while (latest !== undefined && isStale && canSend()) {
      isStale = false;
      const began = clock.now();
      const sent = send(latest());
      notBefore = clock.now() + Math.min(LONGEST_REST, REST * (clock.now() - began));
      try {
        await sent;
      } catch (error) {
        return onRefused(error);
      }
      if (isStale) await rest();
    }
  };

  return {
    publish: (take) => {
      latest = take ?? latest;
      isStale = true;
      publishing ??= flush().finally(() => {
        publishing = undefined;
      });
      return publishing;
    },
    close: () => endRest(),
  };
}
