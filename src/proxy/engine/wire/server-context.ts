/** What all connections of one server share. */
import type { Pool } from '../../pool.ts';
import type { Wheel } from '../../wheel.ts';
import type { Handler } from '../engine.ts';
import type { Timeouts } from './limits.ts';

export interface ServerContext {
  readonly handler: Handler;
  readonly pool: Pool;
  readonly wheel: Wheel;
  readonly timeouts: Timeouts;
  /** No new requests: every connection ends with the exchange that it is in. */
  closing: boolean;
}
