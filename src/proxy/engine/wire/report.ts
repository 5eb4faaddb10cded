/** How an exchange went, for whoever asked: who asked first is told, also where the request is made again. */
import type { Outcome } from '../engine.ts';
import type { Relay } from './relay.ts';

export class Report {
  readonly #onDone: (outcome: Outcome) => void;
  readonly #relay: Relay;
  #told = false;

  constructor(onDone: (outcome: Outcome) => void, relay: Relay) {
    this.#onDone = onDone;
    this.#relay = relay;
  }

  /** Only the first that is told counts. @param bytes of the body; those that were passed on, unless it is known */
  tell(status: number | undefined, complete: boolean, bytes = this.#relay.payload): void {
    if (this.#told) return;
    this.#told = true;
    this.#onDone({ status, bytes, complete });
  }
}
