/** How long the handler lets an exchange go on, and that it is told when it is over. */
import type { Forward } from '../engine.ts';

/** Can be ended from outside. */
export interface Cuttable {
  /** Its time is over. */
  cut(): void;
}

/** One listener for all that have the same signal: every request would need its own. */
const termsOf = new WeakMap<AbortSignal, Set<Term>>();

export class Term {
  readonly #decision: Forward;
  readonly #others: Set<Term> | undefined;
  #owner: Cuttable;
  #over = false;

  constructor(decision: Forward, owner: Cuttable) {
    this.#decision = decision;
    this.#owner = owner;
    this.#others = decision.until && followersOf(decision.until);
    this.#others?.add(this);
  }

  /** It may have to be over from some moment on. */
  get isLimited(): boolean {
    return this.#decision.until !== undefined;
  }

  /** It has to be over. */
  get isSpent(): boolean {
    return this.#decision.until?.aborted === true;
  }

  /** Who carries the exchange on knows another way to end it. */
  handOver(owner: Cuttable): void {
    this.#owner = owner;
  }

  cut(): void {
    this.#owner.cut();
  }

  /** The exchange is over. Tells the handler, the first time. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#others?.delete(this);
    this.#decision.onEnd?.();
  }
}

function followersOf(until: AbortSignal): Set<Term> {
  const known = termsOf.get(until);
  if (known !== undefined) return known;
  const terms = new Set<Term>();
  termsOf.set(until, terms);
  until.addEventListener('abort', () => {
    for (const term of [...terms]) term.cut();
  });
  return terms;
}
