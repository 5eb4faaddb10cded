/** A decision to forward, while it is carried out. */
import type { Fate, Forward, Target } from '../engine.ts';

/** What becomes of a request whose target is of no use. */
export type Next =
  /** The target is not needed any more. */
  | { readonly kind: 'none' }
  /** It is sent to the same target, on a connection that nobody has used. */
  | { readonly kind: 'retry'; readonly target: Target }
  /** The handler decides once more. */
  | { readonly kind: 'ask'; readonly again: NonNullable<Forward['again']> }
  /** The handler's answer for it is sent. */
  | { readonly kind: 'excuse' };

/** How a connection to the target was lost, or not made. */
export interface Loss {
  /** The request can be made again. */
  readonly isHarmless: boolean;
  readonly fate: Fate;
}

export class Attempt {
  readonly kind = 'forwarding';
  readonly forward: Forward;
  /** The head that is sent to the target. */
  head = '';

  constructor(forward: Forward) {
    this.forward = forward;
  }

  /** @param isRepeated the request was sent and made again before: not more than once (RFC 9110 §9.2.2) */
  next({ isHarmless, fate }: Loss, isRepeated: boolean): Next {
    const { again, target } = this.forward;
    if (!isHarmless || (fate !== 'unsent' && isRepeated)) return { kind: 'excuse' };
    // The handler first: where the target is about to end, another one answers.
    if (again !== undefined) return { kind: 'ask', again };
    return fate === 'stale' ? { kind: 'retry', target } : { kind: 'excuse' };
  }
}
