/** Connections between their last user and the next one. */
import type { Place } from './pool-place.ts';
import type { Upstream } from './pool-upstream.ts';

/**
 * Holds connections that were given back until the event loop has looked at all sockets once more: what a target sends
 * behind its answer, or that it closes, is seen before the next user has the connection.
 */
export class Settling {
  readonly #onSettled: (place: Place, upstream: Upstream) => void;
  #arrived: (readonly [Place, Upstream])[] = [];
  #looked: (readonly [Place, Upstream])[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(onSettled: (place: Place, upstream: Upstream) => void) {
    this.#onSettled = onSettled;
  }

  add(place: Place, upstream: Upstream): void {
    this.#arrived.push([place, upstream]);
    this.#turn ??= setImmediate(() => this.#next());
  }

  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    for (const [, upstream] of [...this.#arrived.splice(0), ...this.#looked.splice(0)]) upstream.destroy();
  }

  /** Runs behind a look at the sockets: those that had arrived before it have been silent. */
  #next(): void {
    const settled = this.#looked;
    this.#looked = this.#arrived;
    this.#arrived = [];
    this.#turn = this.#looked.length === 0 ? undefined : setImmediate(() => this.#next());
    for (const [place, upstream] of settled) this.#onSettled(place, upstream);
  }
}
