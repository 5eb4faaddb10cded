/** How long the handler lets an exchange go on, and that it is told when it is over. */
import type { Forward } from '../engine.ts';

export class Term {
  readonly #decision: Forward;
  #cut: () => void;
  #over = false;
  readonly #onAbort = (): void => this.#cut();

  /** @param cut ends the exchange: called when its time is over */
  constructor(decision: Forward, cut: () => void) {
    this.#decision = decision;
    this.#cut = cut;
    decision.until?.addEventListener('abort', this.#onAbort);
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
  handOver(cut: () => void): void {
    this.#cut = cut;
  }

  /** The exchange is over. Tells the handler, the first time. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#decision.until?.removeEventListener('abort', this.#onAbort);
    this.#decision.onEnd?.();
  }
}
