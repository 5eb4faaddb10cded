/**
 * Connections between their last user and the next one, as long as it is not known whether the target has said all that
 * it had to say. A second answer may come behind the first one: where the target took a body for a request, answered
 * HEAD with a body, or wrote more than it had announced. Whoever has the connection by then takes it for his own.
 *
 * Such a target does so each time that it is asked for the same. So a connection rests after the first exchange of each
 * kind, and is only listened to; a kind that was followed by silence is proven, and delays nobody any more.
 */
import type { Clock } from '../lib/clock.ts';
import type { Place } from './pool-place.ts';
import type { Kind } from './pool-proven.ts';
import type { Upstream } from './pool-upstream.ts';

/** Connections to one target that rest; one of them is offered when there are more. */
const MAX_RESTING = 32;

interface Rest {
  readonly place: Place;
  readonly upstream: Upstream;
  readonly kind: Kind;
  readonly until: number;
}

export class Resting {
  readonly #clock: Clock;
  readonly #rest: number;
  readonly #onRested: (place: Place, upstream: Upstream) => void;
  /** In the order in which they are over. */
  #rests: Rest[] = [];
  #cancel: (() => void) | undefined;
  #look: NodeJS.Immediate | undefined;

  /** @param rest how long, in milliseconds */
  constructor(clock: Clock, rest: number, onRested: (place: Place, upstream: Upstream) => void) {
    this.#clock = clock;
    this.#rest = rest;
    this.#onRested = onRested;
  }

  /** Whether a connection has to rest after an exchange of this kind. */
  mustRest(place: Place, kind: Kind): boolean {
    return this.#rest > 0 && !place.proven.has(kind);
  }

  /** @param kind what was asked, and how it was answered */
  add(place: Place, upstream: Upstream, kind: Kind, now: number): void {
    this.#rests.push({ place, upstream, kind, until: now + this.#rest });
    place.resting += 1;
    if (place.resting > MAX_RESTING) this.#offerOne(place);
    this.#plan();
  }

  /** Takes one out that has ended. */
  forget(upstream: Upstream): void {
    this.#take((rest) => rest.upstream === upstream);
  }

  /** Closes those of one target. */
  drop(place: Place): void {
    for (const { upstream } of this.#take((rest) => rest.place === place)) upstream.destroy();
  }

  close(): void {
    this.#cancel?.();
    if (this.#look !== undefined) clearImmediate(this.#look);
    for (const { upstream } of this.#take(() => true)) upstream.destroy();
  }

  #plan(): void {
    const [first] = this.#rests;
    if (first === undefined || this.#cancel !== undefined || this.#look !== undefined) return;
    this.#cancel = this.#clock.after(Math.max(0, first.until - this.#clock.now()), () => {
      this.#cancel = undefined;
      const over = this.#clock.now();
      // A timer comes before what has arrived meanwhile is read.
      this.#look = setImmediate(() => {
        this.#look = undefined;
        this.#letGo(over);
        this.#plan();
      });
    });
  }

  /**
   * Offers the one that has rested longest but for the first: a rest that is cut short proves nothing, and one of them
   * must come to its end, or a busy target's connections would rest for ever.
   */
  #offerOne(place: Place): void {
    const first = this.#rests.findIndex((rest) => rest.place === place);
    const index = this.#rests.findIndex((rest, at) => at > first && rest.place === place);
    const [rest] = this.#rests.splice(index, 1);
    if (rest === undefined) return;
    place.resting -= 1;
    this.#onRested(place, rest.upstream);
  }

  /** Offers those whose rest is over, and was silent. */
  #letGo(over: number): void {
    for (const { place, upstream, kind } of this.#take(({ until }) => until <= over)) {
      place.proven.add(kind);
      this.#onRested(place, upstream);
    }
  }

  #take(isMeant: (rest: Rest) => boolean): readonly Rest[] {
    const taken: Rest[] = [];
    this.#rests = this.#rests.filter((rest) => {
      if (!isMeant(rest)) return true;
      taken.push(rest);
      rest.place.resting -= 1;
      return false;
    });
    return taken;
  }
}
