/**
 * Kept-alive connections to the targets, the last one used first: the others grow old and are closed, and a
 * burst finds the warm ones. Whoever needs a connection and finds none waits for the first that is dialled or
 * released, so that a burst of thousands does not become as many dials at once.
 */
import type { Clock } from '../lib/clock.ts';
import type { Target } from './engine/engine.ts';
import { dial, findAddresses } from './pool-dial.ts';
import { createPlace, wanted, type Place, type Waiter } from './pool-place.ts';
import type { Kind } from './pool-proven.ts';
import { Resting } from './pool-rest.ts';
import { isAlive, type Upstream, type Useless } from './pool-upstream.ts';
import { Witnesses } from './pool-witness.ts';
import { isSameTarget } from './target-tls.ts';
import { systemTransport, type Transport } from './transport.ts';
import type { Wheel } from './wheel.ts';

/** Connections being opened to one target at the same time: below the backlog of most servers. */
const MAX_DIALS = 64;

/** Idle connections to one target. */
const MAX_IDLE = 256;

/** How long a connection is kept, in milliseconds: a second less than Node and others keep theirs. */
const KEEP_FOR = 4_000;

/** Taken off what a target says itself: closing on both sides at once is what must not happen. */
const SAFETY = 1_000;

/**
 * How long a connection may have been idle for a request that cannot be made again, in milliseconds: one that meets
 * the target's close is lost, and nobody can tell whether it was carried out (RFC 9112 §9.3.1).
 */
const SURE_FOR = 1_000;

/** A target that kept a connection this long (milliseconds) keeps others for `SURE_FOR`. */
const PROOF = 2 * SURE_FOR;

export interface Pool {
  /**
   * Takes a connection that was used before.
   * @param repeatable the request can be made again if the connection turns out to be closed
   * @returns undefined if none is idle that is good enough
   */
  take(target: Target, repeatable: boolean): Upstream | undefined;
  /**
   * Queues for a connection. Never calls back at once.
   * @param reused whether one that was used before will do
   */
  wait(target: Target, waiter: Waiter, reused: boolean): void;
  cancel(target: Target, waiter: Waiter): void;
  /**
   * Takes back a connection whose exchange is over without a doubt.
   * @param keepFor what the target promises, in milliseconds
   * @param kind what was asked and how it was answered: after the first exchange of its kind the connection rests,
   * see `pool-rest.ts`
   */
  release(target: Target, upstream: Upstream, keepFor: number | undefined, kind: Kind): void;
  /** Uses each connection to a target once, from now on: it has sent what nobody had asked for. */
  distrust(target: Target): void;
  /** Closes what is idle and what is being dialled; what is in use is its user's. */
  close(): void;
  readonly idle: number;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Milliseconds for one attempt to connect. */
  readonly connectTimeout: number;
  /** Milliseconds that a connection rests, see `pool-rest.ts`; 0: not at all. */
  readonly rest: number;
  /** Milliseconds that a connection is left open to see if the target serves others as well, see `pool-witness.ts`. */
  readonly witness: number;
  /** Default: that of the system. */
  readonly transport?: Transport;
}

export function createPool(options: PoolOptions): Pool {
  return new TargetPool(options);
}

class TargetPool implements Pool {
  readonly #options: PoolOptions;
  readonly #places = new Map<number, Place[]>();
  readonly #resting: Resting;
  readonly #witnesses: Witnesses;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { clock, rest, witness } = options;
    this.#witnesses = new Witnesses(clock, witness, (place) => this.#closeUnused(place));
    this.#resting = new Resting(clock, rest, (place, upstream) => this.#offerRested(place, upstream));
  }

  get idle(): number {
    return [...this.#places.values()].flat().reduce((sum, place) => sum + place.idle.length, 0);
  }

  take(target: Target, repeatable: boolean): Upstream | undefined {
    const place = this.#placeOf(target);
    const { idle } = place;
    for (let upstream = idle.pop(); upstream !== undefined; upstream = idle.pop()) {
      upstream.deadline?.clear();
      if (!isAlive(upstream)) upstream.destroy();
      else if (repeatable || this.#isSure(place, upstream)) {
        this.#witnesses.watch(place, upstream);
        return upstream;
      } else {
        // Closed, and not put back: a service that serves one connection at a time would wait for this one.
        upstream.destroy();
        return undefined;
      }
    }
    return undefined;
  }

  wait(target: Target, waiter: Waiter, reused: boolean): void {
    const place = this.#placeOf(target);
    (reused ? place.waiting : place.waitingForNew).add(waiter);
    this.#dialForWaiting(place);
  }

  cancel(target: Target, waiter: Waiter): void {
    const place = this.#placeOf(target);
    place.waiting.delete(waiter);
    place.waitingForNew.delete(waiter);
  }

  release(target: Target, upstream: Upstream, keepFor: number | undefined, kind: Kind): void {
    const place = this.#placeOf(target);
    if (this.#closed || place.distrusted) return upstream.destroy();
    upstream.user = undefined;
    upstream.reused = true;
    const now = this.#options.clock.now();
    upstream.idleSince = now;
    upstream.saysHowLong = keepFor !== undefined;
    upstream.keepFor = keepFor === undefined ? KEEP_FOR : keepFor - SAFETY;
    upstream.onUseless ??= (how) => this.#forget(place, upstream, how);
    if (!this.#witnesses.servesMany(place, now)) this.#witnesses.keep(place, upstream, now);
    else if (this.#resting.mustRest(place, kind)) this.#resting.add(place, upstream, kind, now);
    else this.#offer(place, upstream, upstream.keepFor, now);
  }

  distrust(target: Target): void {
    this.#distrust(this.#placeOf(target));
  }

  close(): void {
    this.#closed = true;
    this.#resting.close();
    this.#witnesses.close();
    for (const place of [...this.#places.values()].flat()) {
      for (const cancel of place.dials) cancel();
      for (const upstream of place.idle.splice(0)) upstream.destroy();
      place.dials.clear();
      place.waitingForNew.clear();
      place.waiting.clear();
    }
  }

  #placeOf(target: Target): Place {
    let places = this.#places.get(target.port);
    if (places === undefined) this.#places.set(target.port, (places = []));
    for (const place of places) {
      if (isSameTarget(place.target, target)) return place;
    }
    const place = createPlace(target, this.#witnesses.presume(target));
    places.push(place);
    return place;
  }

  /** Will it surely not be closed by the target at the moment at which it is used? */
  #isSure(place: Place, upstream: Upstream): boolean {
    const age = this.#ageOf(upstream);
    if (age >= PROOF) place.keeps = true;
    return age <= Math.min(SURE_FOR, upstream.keepFor) && (upstream.saysHowLong || place.keeps);
  }

  #ageOf({ idleSince }: Upstream): number {
    return this.#options.clock.now() - idleSince;
  }

  #distrust(place: Place): void {
    place.distrusted = true;
    this.#closeUnused(place);
  }

  #closeUnused(place: Place): void {
    this.#witnesses.forget(place);
    this.#resting.drop(place);
    for (const upstream of place.idle.splice(0)) upstream.destroy();
  }

  /** Learns from a connection that has ended when nobody used it. */
  #forget(place: Place, upstream: Upstream, how: Useless): void {
    this.#resting.forget(upstream);
    this.#witnesses.forget(place, upstream);
    if (how === 'spoke') this.#distrust(place);
    if (how !== 'closed' && this.#ageOf(upstream) <= SURE_FOR) place.keeps = false;
    const index = place.idle.indexOf(upstream);
    if (index !== -1) place.idle.splice(index, 1);
  }

  #offerRested(place: Place, upstream: Upstream): void {
    const now = this.#options.clock.now();
    this.#offer(place, upstream, upstream.keepFor - (now - upstream.idleSince), now);
  }

  /**
   * To the one who waits longest, else to the idle ones.
   * @param left for how long it may be kept from now on
   */
  #offer(place: Place, upstream: Upstream, left: number, now: number): void {
    if (!isAlive(upstream) || (upstream.reused && place.distrusted)) return upstream.destroy();
    const waiting = !upstream.reused && place.waitingForNew.size > 0 ? place.waitingForNew : place.waiting;
    const [waiter] = waiting;
    if (waiter !== undefined) {
      waiting.delete(waiter);
      this.#witnesses.watch(place, upstream);
      waiter.onUpstream(upstream);
      return;
    }
    const isWelcome = !place.distrusted && this.#witnesses.servesMany(place, now);
    if (this.#closed || !isWelcome || left <= 0 || place.idle.length >= MAX_IDLE) upstream.destroy();
    else this.#keep(place, upstream, left, now);
  }

  #keep(place: Place, upstream: Upstream, left: number, now: number): void {
    upstream.deadline ??= this.#options.wheel.createDeadline(() => {
      if (this.#ageOf(upstream) >= PROOF) place.keeps = true;
      upstream.onUseless?.('closed');
      upstream.destroy();
    });
    upstream.onUseless ??= (how) => this.#forget(place, upstream, how);
    upstream.deadline.set(left, now);
    place.idle.push(upstream);
  }

  #dialForWaiting(place: Place): void {
    while (place.dials.size < Math.min(MAX_DIALS, wanted(place))) {
      const cancel = this.#dial(place, {
        onUpstream: (upstream) => {
          place.dials.delete(cancel);
          this.#offer(place, upstream, KEEP_FOR, upstream.idleSince);
          this.#dialForWaiting(place);
        },
        onFailure: (error) => {
          place.dials.delete(cancel);
          const waiting = place.waitingForNew.size > 0 ? place.waitingForNew : place.waiting;
          const [waiter] = waiting;
          if (waiter !== undefined) waiting.delete(waiter);
          waiter?.onFailure(error);
          this.#dialForWaiting(place);
        },
      });
      place.dials.add(cancel);
    }
  }

  /** One dial. @returns cancels it */
  #dial(place: Place, waiter: Waiter): () => void {
    let cancel = (): void => {
      cancelled = true;
    };
    let cancelled = false;
    const start = (addresses: readonly string[]): void => {
      if (cancelled) return;
      const { wheel, connectTimeout, transport = systemTransport } = this.#options;
      cancel = dial(preferring(place.address, addresses), {
        target: place.target,
        wheel,
        transport,
        timeout: connectTimeout,
        onConnect: (upstream, address) => {
          place.address = address;
          upstream.idleSince = this.#options.clock.now();
          waiter.onUpstream(upstream);
        },
        onFailure: (error) => waiter.onFailure(error),
      });
    };
    const addresses = findAddresses(place.target.host);
    if (addresses instanceof Promise) {
      addresses.then(start, (error: unknown) => {
        if (!cancelled) waiter.onFailure(error instanceof Error ? error : new Error(String(error)));
      });
    } else start(addresses);
    return () => cancel();
  }
}

function preferring(address: string | undefined, addresses: readonly string[]): readonly string[] {
  if (address === undefined || !addresses.includes(address)) return addresses;
  return [address, ...addresses.filter((other) => other !== address)];
}
