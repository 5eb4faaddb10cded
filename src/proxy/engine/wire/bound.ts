/**
 * Connections to targets that belong to one client, which has logged in over them (`login.ts`): between two requests
 * they are kept for that one, as if it had dialled by itself, and closed when it has gone.
 */
import { isAlive } from '../../pool-upstream.ts';
import type { Upstream } from '../../pool-upstream.ts';
import { isSameTarget } from '../../target-tls.ts';
import type { Wheel } from '../../wheel.ts';
import type { Target } from '../engine.ts';
import type { Client } from './client.ts';

/** How long one may have been idle for a request that cannot be made again, in milliseconds, as in `pool.ts`. */
const SURE_FOR = 1_000;

interface Kept {
  readonly target: Target;
  readonly upstream: Upstream;
  readonly since: number;
}

export class BoundConnections {
  readonly #now: () => number;
  readonly #wheel: Wheel;
  readonly #keepFor: number;
  /** One at most per client and target. */
  readonly #kept = new Map<Client, Kept[]>();

  /** @param keepFor how long one is kept that its client does not use, in milliseconds */
  constructor(now: () => number, wheel: Wheel, keepFor: number) {
    this.#now = now;
    this.#wheel = wheel;
    this.#keepFor = keepFor;
  }

  /**
   * Takes the one that a client has used for a target before.
   * @param repeatable the request can be made again if the connection turns out to be closed
   * @returns undefined if there is none, or none that is good enough
   */
  take(client: Client, target: Target, repeatable: boolean): Upstream | undefined {
    // Nearly always: services seldom log in connections.
    if (this.#kept.size === 0) return undefined;
    const kept = this.#kept.get(client);
    const index = kept?.findIndex((one) => isSameTarget(one.target, target)) ?? -1;
    const [found] = index === -1 ? [] : (kept?.splice(index, 1) ?? []);
    if (kept?.length === 0) this.#kept.delete(client);
    if (found === undefined) return undefined;
    const { upstream, since } = found;
    upstream.deadline?.clear();
    if (isAlive(upstream) && (repeatable || this.#now() - since <= SURE_FOR)) return upstream;
    upstream.destroy();
    return undefined;
  }

  /** Keeps one until its client asks the target again. */
  keep(client: Client, target: Target, upstream: Upstream): void {
    upstream.reused = true;
    upstream.deadline ??= this.#wheel.createDeadline(() => upstream.destroy());
    upstream.deadline.set(this.#keepFor);
    // What has ended meanwhile is not kept for as long as the client is there.
    const kept = this.#kept.get(client)?.filter((one) => isAlive(one.upstream)) ?? [];
    this.#kept.set(client, [...kept, { target, upstream, since: this.#now() }]);
  }

  /** Closes those of a client that has gone. */
  drop(client: Client): void {
    for (const { upstream } of this.#kept.get(client) ?? []) upstream.destroy();
    this.#kept.delete(client);
  }
}
