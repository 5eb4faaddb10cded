/** What all connections of one server share. */
import type { Pool } from '../../pool.ts';
import type { LingeringTimes } from '../../lingering.ts';
import type { Presence } from '../../presence.ts';
import type { Transport } from '../../transport.ts';
import type { Wheel } from '../../wheel.ts';
import type { Handler } from '../engine.ts';
import { BoundConnections } from './bound.ts';
import type { Client } from './client.ts';
import type { Timeouts } from './limits.ts';

export type ServerParts = Pick<
  ServerContext,
  'handler' | 'pool' | 'presence' | 'wheel' | 'timeouts' | 'transport' | 'now'
>;

export class ServerContext {
  readonly handler: Handler;
  readonly pool: Pool;
  readonly bound: BoundConnections;
  readonly presence: Presence;
  readonly wheel: Wheel;
  readonly timeouts: Timeouts;
  readonly lingering: LingeringTimes;
  /** The time by the clock of all deadlines. */
  readonly now: () => number;
  readonly transport: Transport;
  readonly clients = new Set<Client>();
  /** No new requests: every connection ends with the exchange that it is in. */
  closing = false;
  /** Called when the last connection has closed. */
  onEmpty: (() => void) | undefined;
  readonly #watched = new WeakSet<AbortSignal>();

  constructor({ handler, pool, presence, wheel, timeouts, transport, now }: ServerParts) {
    this.handler = handler;
    this.pool = pool;
    this.presence = presence;
    this.wheel = wheel;
    this.timeouts = timeouts;
    this.lingering = { silence: timeouts.linger, progress: timeouts.progress };
    this.now = now;
    this.bound = new BoundConnections(now, wheel, timeouts.idle);
    this.transport = transport;
  }

  forget(client: Client): void {
    this.clients.delete(client);
    this.bound.drop(client);
    if (this.clients.size === 0) this.onEmpty?.();
  }

  /**
   * Ends what is bound to a signal when that aborts: one listener for all that have the same, or every exchange
   * would need its own. @returns false if it has aborted already
   */
  watch(until: AbortSignal): boolean {
    if (this.#watched.has(until)) return !until.aborted;
    if (until.aborted) return false;
    this.#watched.add(until);
    until.addEventListener('abort', () => {
      for (const client of this.clients) client.cut(until);
    });
    return true;
  }
}
