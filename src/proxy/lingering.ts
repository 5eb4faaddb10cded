/**
 * How long a client is still read that was answered before it had sent its whole request (RFC 9112 §9.6). As long as
 * it makes progress; one that sends a byte now and then would keep its connection for ever.
 */

/** Times in milliseconds. */
export interface LingeringTimes {
  /** Without a byte. */
  readonly silence: number;
  /** In which `PROGRESS` has to come. */
  readonly progress: number;
}

/** Bytes: about 9 KB a second. */
export const PROGRESS = 256 * 1024;

export const LINGERING: LingeringTimes = { silence: 5_000, progress: 30_000 };

export class Lingering {
  readonly #times: LingeringTimes;
  #until: number;
  #bytes = 0;

  /** @param now when the answer was sent, in milliseconds */
  constructor(now: number, times: LingeringTimes) {
    this.#times = times;
    this.#until = now + times.progress;
  }

  /** Counts what has come. @returns for how many milliseconds the client is read if nothing more comes */
  read(length: number, now: number): number {
    this.#bytes += length;
    if (this.#bytes >= PROGRESS) {
      this.#bytes = 0;
      this.#until = now + this.#times.progress;
    }
    return Math.max(0, Math.min(this.#times.silence, this.#until - now));
  }
}
