/** What a peer may ask of the engine: sizes in bytes, times in milliseconds. */

import { LINGERING } from '../../lingering.ts';
import { HALF_CLOSED } from '../../presence.ts';

/** The largest head of a request, and the largest trailer section. */
export const MAX_HEAD = 64 * 1024;

/** The largest head of a response: services in development send long policies, link lists and timings. */
export const MAX_RESPONSE_HEAD = 256 * 1024;

/** Header fields of a request, or of a trailer section. */
export const MAX_FIELDS = 256;

/** Header fields of a response. */
export const MAX_RESPONSE_FIELDS = 2_048;

/** Bytes of the extensions of one chunk, on the line that announces it. */
export const MAX_CHUNK_LINE = 1024;

/** Bytes that are taken from a client before they can be used: pipelined requests, the body of a held one. */
export const MAX_HELD = 64 * 1024;

/** Pipelined requests that one client may begin in one turn of the event loop: the front answers some at once. */
export const HEADS_PER_TURN = 32;

export interface Timeouts {
  /** From the first byte of a request's head (or the accept) to its last. */
  readonly head: number;
  /** A kept-alive connection between two requests. */
  readonly idle: number;
  /**
   * A client that is silent in the middle of a request's body. Longer than servers themselves allow (Node 300 s, most
   * others any time): whose patience is shorter answers by itself.
   */
  readonly body: number;
  /** From the end of a request to the head of its response. Long: a debugger may stand on a breakpoint. */
  readonly answer: number;
  /** A receiver, on either side, that takes none of the bytes that wait for it. */
  readonly stall: number;
  /**
   * How long a response (or a tunnel) may be silent when one side has closed its half. It cannot be seen
   * whether a client that did so still reads: a script that wants its answer does, a closed tab does not.
   */
  readonly halfClosed: number;
  /**
   * For a client to take the last bytes and close, after we closed our half (RFC 9112 §9.6); where it still sends the
   * body of a request that was answered early, from the last byte that came.
   */
  readonly linger: number;
  /** In which a client has to make progress that still sends such a body, see `lingering.ts`. */
  readonly progress: number;
  /** One attempt to connect to a target. */
  readonly connect: number;
  /**
   * How long a connection to a target is only listened to after the first exchange of its kind (`pool-rest.ts`). A
   * target that does not set TCP_NODELAY sends a second packet only when the first one is acknowledged, which Linux
   * puts off for 40 to 200 ms (TCP_DELACK_MIN and _MAX; RFC 9293 §3.8.6.3 allows 500).
   */
  readonly rest: number;
  /**
   * How long a connection is left open to a target that may serve one at a time (`pool-witness.ts`): as long as others
   * may have to wait for that.
   */
  readonly witness: number;
}

export const TIMEOUTS: Timeouts = {
  head: 30_000,
  idle: 75_000,
  body: 600_000,
  answer: 600_000,
  stall: 300_000,
  halfClosed: HALF_CLOSED,
  linger: LINGERING.silence,
  progress: LINGERING.progress,
  connect: 30_000,
  rest: 250,
  witness: 100,
};
