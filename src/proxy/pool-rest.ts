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
import type { Upstream } from './pool-upstream.ts';

/** Connections to one target that rest; one of them is offered when there are more. */
const MAX_RESTING = 32;

/** Kinds of exchanges that are remembered of one target: a page in development may ask for thousands of modules. */
const MAX_PROVEN = 8_192;

/** Characters of a kind that is remembered. */
const MAX_KIND = 256;

interface Rest {
  readonly place: Place;
  readonly upstream: Upstream;
  readonly kind: string;
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
  mustRest(place: Place, kind: string): boolean {
    return this.#rest > 0 && !isProven(place, kind);
  }

  /** @param kind what was asked, and how it was answered, see `isProven` */
  add(place: Place, upstream: Upstream, kind: string, now: number): void {
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
      prove(place, kind);
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

/** Whether the target was silent after an exchange of this kind: the same, or one that differs in its numbers alone. */
function isProven({ proven }: Place, kind: string): boolean {
  if (kind.length > MAX_KIND) return false;
  if (proven.has(kind)) return true;
  if (!proven.has(withoutNumbers(kind))) return false;
  remember(proven, kind);
  return true;
}

function prove({ proven }: Place, kind: string): void {
  if (kind.length > MAX_KIND) return;
  remember(proven, kind);
  remember(proven, withoutNumbers(kind));
}

function remember(proven: Set<string>, kind: string): void {
  // They are proven anew.
  if (proven.size >= MAX_PROVEN) proven.clear();
  proven.add(kind);
}

/** A kind ends with a path; what stands before it counts as it is. */
function withoutNumbers(kind: string): string {
  const path = kind.indexOf('/');
  return path === -1 ? kind : kind.slice(0, path) + kind.slice(path).replace(/[\da-f-]{16,}|\d+/gi, '#');
}
