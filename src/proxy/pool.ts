/**
 * Kept-alive connections to the targets, the last one used first: the others grow old and are closed, and a
 * burst finds the warm ones. Whoever needs a connection and finds none waits for the first that is dialled or
 * released, so that a burst of thousands does not become as many dials at once.
 */
import type { Target } from './engine/engine.ts';
import { dial, findAddresses } from './pool-dial.ts';
import type { Upstream } from './pool-upstream.ts';
import type { Wheel } from './wheel.ts';

/** Connections being opened to one target at the same time: below the backlog of most servers. */
const MAX_DIALS = 64;

/** Idle connections to one target. */
const MAX_IDLE = 256;

/** How long a connection is kept, in milliseconds: a second less than Node and others keep theirs. */
const KEEP_FOR = 4_000;

/** Taken off what a target says itself: closing on both sides at once is what must not happen. */
const SAFETY = 1_000;

/** Waits for a connection. Exactly one of both is called, unless the wait was cancelled. */
export interface Waiter {
  onUpstream(upstream: Upstream): void;
  onFailure(error: Error): void;
}

export interface Pool {
  /** A connection that was used before; undefined if none is idle or others wait already. */
  take(target: Target): Upstream | undefined;
  /** Queues for a connection. Never calls back at once. */
  wait(target: Target, waiter: Waiter): void;
  /** Dials for this waiter alone: what is idle may be as dead as the one it had. */
  waitForFresh(target: Target, waiter: Waiter): void;
  cancel(target: Target, waiter: Waiter): void;
  /** Takes back a connection whose exchange is over without a doubt. `keepFor`: what the target promises, in ms. */
  release(target: Target, upstream: Upstream, keepFor: number | undefined): void;
  /** Closes what is idle and what is being dialled; what is in use is its user's. */
  close(): void;
  readonly idle: number;
}

/** All that is known of one target. */
interface Place {
  readonly target: Target;
  readonly idle: Upstream[];
  readonly waiting: Set<Waiter>;
  /** Waiters for a fresh connection, with what cancels their dial. */
  readonly fresh: Map<Waiter, () => void>;
  readonly dials: Set<() => void>;
  /** The address that worked last. */
  address: string | undefined;
}

export interface PoolOptions {
  readonly wheel: Wheel;
  /** Milliseconds for one attempt to connect. */
  readonly connectTimeout: number;
}

export function createPool(options: PoolOptions): Pool {
  return new TargetPool(options);
}

class TargetPool implements Pool {
  readonly #options: PoolOptions;
  readonly #places = new Map<number, Place[]>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get idle(): number {
    return [...this.#places.values()].flat().reduce((sum, place) => sum + place.idle.length, 0);
  }

  take(target: Target): Upstream | undefined {
    const { idle } = this.#placeOf(target);
    for (let upstream = idle.pop(); upstream !== undefined; upstream = idle.pop()) {
      upstream.deadline?.clear();
      if (isAlive(upstream)) return upstream;
    }
    return undefined;
  }

  wait(target: Target, waiter: Waiter): void {
    const place = this.#placeOf(target);
    place.waiting.add(waiter);
    this.#dialForWaiting(place);
  }

  waitForFresh(target: Target, waiter: Waiter): void {
    const place = this.#placeOf(target);
    const cancel = this.#dial(place, {
      onUpstream: (upstream) => {
        place.fresh.delete(waiter);
        waiter.onUpstream(upstream);
      },
      onFailure: (error) => {
        place.fresh.delete(waiter);
        waiter.onFailure(error);
      },
    });
    place.fresh.set(waiter, cancel);
  }

  cancel(target: Target, waiter: Waiter): void {
    const place = this.#placeOf(target);
    place.waiting.delete(waiter);
    place.fresh.get(waiter)?.();
    place.fresh.delete(waiter);
  }

  release(target: Target, upstream: Upstream, keepFor: number | undefined): void {
    upstream.user = undefined;
    upstream.reused = true;
    this.#offer(this.#placeOf(target), upstream, keepFor === undefined ? KEEP_FOR : keepFor - SAFETY);
  }

  close(): void {
    this.#closed = true;
    for (const place of [...this.#places.values()].flat()) {
      for (const cancel of [...place.dials, ...place.fresh.values()]) cancel();
      for (const upstream of place.idle.splice(0)) upstream.destroy();
      place.dials.clear();
      place.fresh.clear();
      place.waiting.clear();
    }
  }

  #placeOf(target: Target): Place {
    let places = this.#places.get(target.port);
    if (places === undefined) this.#places.set(target.port, (places = []));
    for (const place of places) {
      if (place.target.host === target.host && place.target.protocol === target.protocol) return place;
    }
    const place: Place = {
      target,
      idle: [],
      waiting: new Set(),
      fresh: new Map(),
      dials: new Set(),
      address: undefined,
    };
    places.push(place);
    return place;
  }

  /** To the one who waits longest, else to the idle ones. */
  #offer(place: Place, upstream: Upstream, keepFor: number): void {
    if (!isAlive(upstream)) return upstream.destroy();
    const [waiter] = place.waiting;
    if (waiter !== undefined) {
      place.waiting.delete(waiter);
      waiter.onUpstream(upstream);
    } else if (this.#closed || keepFor <= 0 || place.idle.length >= MAX_IDLE) {
      upstream.destroy();
    } else {
      this.#keep(place, upstream, keepFor);
    }
  }

  #keep(place: Place, upstream: Upstream, keepFor: number): void {
    upstream.deadline ??= this.#options.wheel.createDeadline(() => {
      upstream.onUseless?.();
      upstream.destroy();
    });
    upstream.onUseless ??= () => {
      const index = place.idle.indexOf(upstream);
      if (index !== -1) place.idle.splice(index, 1);
    };
    upstream.deadline.set(keepFor);
    place.idle.push(upstream);
  }

  #dialForWaiting(place: Place): void {
    while (place.dials.size < Math.min(MAX_DIALS, place.waiting.size)) {
      const cancel = this.#dial(place, {
        onUpstream: (upstream) => {
          place.dials.delete(cancel);
          this.#offer(place, upstream, KEEP_FOR);
          this.#dialForWaiting(place);
        },
        onFailure: (error) => {
          place.dials.delete(cancel);
          const [waiter] = place.waiting;
          if (waiter !== undefined) place.waiting.delete(waiter);
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
      const { wheel, connectTimeout } = this.#options;
      cancel = dial(preferring(place.address, addresses), {
        target: place.target,
        wheel,
        timeout: connectTimeout,
        onConnect: (upstream, address) => {
          place.address = address;
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

function isAlive({ socket }: Upstream): boolean {
  return !socket.destroyed && socket.writable && !socket.readableEnded;
}
