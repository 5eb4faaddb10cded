/** A decision to forward, while it is carried out. */
import type { Forward } from '../engine.ts';

/** What becomes of a request whose target is of no use. */
export type Next =
  /** It is sent to the same target, on a connection that nobody has used. */
  | { readonly kind: 'retry' }
  /** The handler decides once more. */
  | { readonly kind: 'ask'; readonly again: NonNullable<Forward['again']> }
  /** The handler's answer for it is sent. */
  | { readonly kind: 'excuse' };

/** How a connection to the target was lost, or not made. */
export interface Loss {
  /** The request can be made again. */
  readonly isHarmless: boolean;
  /** A connection was made, so the request may have been read. */
  readonly wasSent: boolean;
  /** Whether the request was sent and made again before: not more than once (RFC 9110 §9.2.2). */
  readonly isRepeated: boolean;
  /** The connection had carried an exchange before: the target may have closed it unused (RFC 9112 §9.3.1). */
  readonly wasReused: boolean;
}

export class Attempt {
  readonly kind = 'forwarding';
  readonly forward: Forward;
  /** The head that is sent to the target. */
  head = '';

  constructor(forward: Forward) {
    this.forward = forward;
  }

  next({ isHarmless, wasReused, wasSent, isRepeated }: Loss): Next {
    const { again } = this.forward;
    if (!isHarmless || (wasSent && isRepeated)) return { kind: 'excuse' };
    if (wasReused) return { kind: 'retry' };
    return again === undefined ? { kind: 'excuse' } : { kind: 'ask', again };
  }
}
