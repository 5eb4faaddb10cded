/**
 * Tells a client that has left from one that only has nothing more to say: both have sent FIN, and TCP does not tell
 * them apart. A script that closes its half waits for its answer; a closed tab does not, and its service is to hear
 * of it at once.
 *
 * Linux knows: see `peer-table.ts`. A client that cannot be looked up (on another system, or from another network
 * namespace through a relay) has left when `UNKNOWN` is over, as it has for nginx at once.
 */
import type { Clock } from '../lib/clock.ts';
import type { Connection, PeerState } from './peer-row.ts';
import { lookUpPeers } from './peer-table.ts';

/** Milliseconds from one look at the table to the next. */
const PASS_EVERY = 100;

/** Milliseconds before the first look: a client that closes sends FIN a moment before it lets go of its socket. */
const FIRST_PASS = 20;

/** Milliseconds after which a client has left that cannot be looked up. */
const UNKNOWN = 200;

/** Milliseconds without a byte after which a client that has closed its half is not waited for any more. */
export const HALF_CLOSED = 5_000;

export interface Presence {
  /**
   * Watches a client that has sent FIN.
   * @param onGone is called once, when it has left
   * @returns ends the watch; safe to call later
   */
  watch(connection: Connection, onGone: () => void): () => void;
}

export interface PresenceOptions {
  readonly clock: Clock;
  /** Looks up all that are watched; undefined where the system has no such table. */
  readonly lookUp?: ((connections: readonly Connection[]) => Promise<readonly PeerState[]>) | undefined;
}

interface Watch {
  readonly connection: Connection;
  readonly onGone: () => void;
  readonly since: number;
}

export const systemLookUp: PresenceOptions['lookUp'] = process.platform === 'linux' ? lookUpPeers : undefined;

/** One for all clients of an engine. Its timer runs only while somebody is watched. */
export function createPresence({ clock, lookUp }: PresenceOptions): Presence {
  if (lookUp === undefined) return { watch: (_, onGone) => clock.after(UNKNOWN, onGone) };
  const watches = new Set<Watch>();
  let busy = false;
  let cancelPass: (() => void) | undefined;
  let lastPass = -Infinity;

  const plan = (): void => {
    if (busy || cancelPass !== undefined || watches.size === 0) return;
    cancelPass = clock.after(Math.max(FIRST_PASS, lastPass + PASS_EVERY - clock.now()), () => {
      cancelPass = undefined;
      void pass();
    });
  };

  const pass = async (): Promise<void> => {
    busy = true;
    lastPass = clock.now();
    const asked = [...watches];
    const states = await lookUp(asked.map(({ connection }) => connection));
    busy = false;
    for (const [index, watch] of asked.entries()) {
      if (hasLeft(states[index] ?? 'absent', clock.now() - watch.since) && watches.delete(watch))
        watch.onGone();
    }
    plan();
  };

  return {
    watch: (connection, onGone) => {
      const watch = { connection, onGone, since: clock.now() };
      watches.add(watch);
      plan();
      return () => {
        if (!watches.delete(watch) || watches.size > 0) return;
        cancelPass?.();
        cancelPass = undefined;
      };
    },
  };
}

const hasLeft = (state: PeerState, time: number): boolean =>
  state === 'gone' || (state === 'absent' && time >= UNKNOWN);
