/** A decision to forward, while it is carried out. */
import type { Decision, Forward } from '../engine.ts';

/** What becomes of a request whose target is of no use. */
export type Next =
  /** It is sent to the same target, on a connection that nobody has used. */
  | { readonly kind: 'retry' }
  /** The handler decides once more. */
  | { readonly kind: 'ask'; readonly again: (error: Error) => Decision | Promise<Decision> }
  /** The handler's answer for it is sent. */
  | { readonly kind: 'excuse' };

/** How a connection to the target was lost, or not made. */
export interface Loss {
  /** The request can be made again. */
  readonly isHarmless: boolean;
  /** The connection had carried an exchange before: the target may have closed it unused (RFC 9112 §9.3.1). */
  readonly wasReused: boolean;
}

export class Attempt {
  readonly kind = 'forwarding';
  readonly forward: Forward;
  /** The head that is sent to the target. */
  head = '';
  #isRetried = false;

  constructor(forward: Forward) {
    this.forward = forward;
  }

  next({ isHarmless, wasReused }: Loss): Next {
    const { again } = this.forward;
    if (!isHarmless) return { kind: 'excuse' };
    if (wasReused && !this.#isRetried) {
      this.#isRetried = true;
      return { kind: 'retry' };
    }
    return again === undefined ? { kind: 'excuse' } : { kind: 'ask', again };
  }
}
