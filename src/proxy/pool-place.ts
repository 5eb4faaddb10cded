/** What the pool knows of one target. */
import type { Target } from './engine/engine.ts';
import { ProvenKinds } from './pool-proven.ts';
import type { Upstream } from './pool-upstream.ts';

/** Waits for a connection. Exactly one of both is called, unless the wait was cancelled. */
export interface Waiter {
  onUpstream(upstream: Upstream): void;
  onFailure(error: Error): void;
}

/** A connection that nobody uses, and what ends the time for which it is left open. */
export interface Witness {
  readonly upstream: Upstream;
  cancel(): void;
}

/** The connections to one target, who waits for one, and what was learnt of it. */
export interface Place {
  readonly target: Target;
  readonly idle: Upstream[];
  readonly waiting: Set<Waiter>;
  /** Waiters for a connection that nobody has used. */
  readonly waitingForNew: Set<Waiter>;
  readonly dials: Set<() => void>;
  /** Connections that were given back and are not offered yet, see `pool-rest.ts`. */
  resting: number;
  /** Kinds of exchanges after which it was silent. */
  readonly proven: ProvenKinds;
  /** Until when it is known to serve many connections at a time, see `pool-witness.ts`; milliseconds of the pool's clock. */
  manyUntil: number;
  /** Until when no connection is left open to find that out. */
  doubtUntil: number;
  /** The one that is left open to find that out. */
  witness: Witness | undefined;
  /** New connections whose users wait for the first byte, as long as that is not known. */
  readonly unanswered: Set<Upstream>;
  /** The address that worked last. */
  address: string | undefined;
  /** It was seen to keep an idle connection for `PROOF`, and not to close one within `SURE_FOR`. */
  keeps: boolean;
  /** It has sent bytes that nobody had asked for. */
  distrusted: boolean;
}

/** @param manyUntil until when it is taken to serve many connections at a time */
export function createPlace(target: Target, manyUntil: number): Place {
  return {
    target,
    idle: [],
    waiting: new Set(),
    waitingForNew: new Set(),
    dials: new Set(),
    resting: 0,
    proven: new ProvenKinds(),
    manyUntil,
    doubtUntil: -Infinity,
    witness: undefined,
    unanswered: new Set(),
    address: undefined,
    keeps: false,
    distrusted: false,
  };
}

/** Counts the connections that have to be dialled. */
export const wanted = ({ waiting, waitingForNew }: Place): number => waitingForNew.size + waiting.size;
