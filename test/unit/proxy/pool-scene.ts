/** A pool of connections to a target that is in the hands of a test, as is the time. */
import type { Target } from '../../../src/proxy/engine/engine.ts';
import { createPool, type Pool } from '../../../src/proxy/pool.ts';
import type { Upstream } from '../../../src/proxy/pool-upstream.ts';
import { Wheel } from '../../../src/proxy/wheel.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { Peer } from './memory/connection.ts';
import { TARGET } from './memory/network.ts';

export interface PoolScene {
  readonly clock: ManualClock;
  readonly pool: Pool;
  /** The target's ends of all connections, in their order. */
  readonly peers: Peer[];
  readonly next: (reused?: boolean, target?: Target) => Promise<Upstream>;
}

export function openPool(rest = 0, witness = 0): PoolScene {
  const clock = createManualClock();
  const peers: Peer[] = [];
  const pool = createPool({
    clock,
    wheel: new Wheel(clock),
    connectTimeout: 1_000,
    rest,
    witness,
    transport: {
      adopt: (socket) => socket,
      connect: (_target, _address, onread) => {
        const peer = new Peer();
        peers.push(peer);
        setImmediate(() => {
          peer.end.emit('connect');
          peer.end.begin(onread);
        });
        return peer.socket;
      },
    },
  });
  const next = (reused = true, target: Target = TARGET): Promise<Upstream> =>
    new Promise((onUpstream, onFailure) => pool.wait(target, { onUpstream, onFailure }, reused));
  return { clock, pool, peers, next };
}
