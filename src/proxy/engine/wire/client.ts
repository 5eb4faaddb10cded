/**
 * A connection from a client: requests are read from it one at a time, each becomes an exchange, and what comes
 * meanwhile is held (RFC 9112 §9.3.2).
 *
 *                 head read              101
 *     waiting ───────────────▶ exchange ─────▶ tunnel
 *        ▲                        │               │
 *        └──── kept alive ────────┤               │
 *                                 ▼               ▼
 *                  lingering: our half is closed, the rest is thrown away ─▶ closed
 */
import type { Socket } from 'node:net';

import type { Deadline } from '../../wheel.ts';
import { Exchange } from './exchange.ts';
import { borrowReader, returnReader, type HeadReader } from './head-reader.ts';
import { Held } from './held.ts';
import { Lingering } from '../../lingering.ts';
import { readEnds } from '../../peer-row.ts';
import { HEADS_PER_TURN } from './limits.ts';
import { isProblem, problem, type Problem } from './problem.ts';
import { formatRefusal } from './reply.ts';
import { readRequest, type Request } from './request.ts';
import type { ServerContext } from './server-context.ts';
import { reset } from '../../reset.ts';
import { isFull } from '../../splice.ts';

/** Who has the connection at the moment: an exchange or a tunnel. */
export interface ClientUser {
  /** `piece[from, to)` was read. @returns how far it was taken; the rest belongs to a later request */
  onClientBytes(piece: Buffer, from: number, to: number): number;
  /** The client has closed its half. */
  onClientEnd(): void;
  onClientDrain(): void;
  /** It is gone; nothing is called after this. @param broke it ended with an error, as by a reset */
  onClientClose(broke: boolean): void;
  onDeadline(): void;
  /** Ends it if it is bound to this signal. */
  cut(until: AbortSignal): void;
}

export class Client {
  readonly socket: Socket;
  readonly context: ServerContext;
  readonly deadline: Deadline;
  readonly remoteAddress: string;
  /** The client has closed its half: no further request will come. */
  ended = false;
  #user: ClientUser | undefined;
  #reader: HeadReader | undefined;
  readonly #held: Held;
  #feeding = false;
  /** It has begun as many requests as it may in this turn of the event loop. */
  #letsOthers = false;
  /** It does not read its responses: no further request is begun. */
  #backedUp = false;
  #isLingering = false;
  /** Where it was answered before its request had ended: it is read for as long as that goes on. */
  #lingering: Lingering | undefined;
  #abort: AbortController | undefined;
  #signalIsSpent = false;
  /** Ends the watch that `watchPresence` began. */
  #unwatch: (() => void) | undefined;

  constructor(accepted: Socket, context: ServerContext) {
    this.socket = context.transport.adopt(accepted, (piece, length) => {
      if (!this.#isLingering) this.#feed(piece, length);
      else this.#outstay(length);
    });
    const { socket } = this;
    this.#held = new Held(socket);
    this.context = context;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.deadline = context.wheel.createDeadline(() => this.#onDeadline());
    this.deadline.set(context.timeouts.idle);
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    // `close` follows, and there is nobody to tell.
    socket.on('error', () => undefined);
    socket.on('close', (broke) => {
      this.#release(broke);
      context.forget(this);
    });
  }

  /** Between two requests, or before the first one. */
  get waiting(): boolean {
    return this.#user === undefined && this.#reader === undefined && !this.#isLingering && !this.#backedUp;
  }

  /** Aborts when the client has gone. A new one after each exchange whose decision took its time, see `spendSignal`. */
  get signal(): AbortSignal {
    return (this.#abort ??= new AbortController()).signal;
  }

  /** A decision takes its time: what listens to the signal meanwhile is not to pile up on the next exchange. */
  spendSignal(): void {
    this.#signalIsSpent = true;
  }

  /** The client has closed its half and is to get an answer: the connection ends as soon as it has left. */
  watchPresence(): void {
    const ends = readEnds(this.socket);
    if (ends === undefined) return;
    this.#unwatch ??= this.context.presence.watch(ends, () => this.destroy());
  }

  /**
   * Ends the exchange: the next request may be read, or the connection ends.
   * @param sent the whole request has come
   */
  finish(keep: boolean, sent: boolean): void {
    this.#user = undefined;
    if (this.#signalIsSpent) this.#abort = undefined;
    this.#signalIsSpent = false;
    if (this.#isLingering) return;
    if (!sent) this.#lingering = new Lingering(this.context.now(), this.context.lingering);
    if (!keep) return this.close();
    this.#backedUp = isFull(this.socket);
    this.deadline.set(this.context.timeouts[this.#backedUp ? 'stall' : 'idle']);
    if (!this.#feeding && !this.#backedUp) this.#feedHeld();
  }

  /** The connection ends with this request, whatever the response. */
  endsWith({ minor, connection, upgrade }: Request): boolean {
    return minor === 0 || connection.close || upgrade !== undefined || this.context.closing;
  }

  /** Ends what goes on here, if it is bound to this. */
  cut(until: AbortSignal): void {
    this.#user?.cut(until);
  }

  /** Hands the connection over from an exchange to a tunnel. */
  become(user: ClientUser): void {
    this.#user = user;
    this.#unwatch?.();
    // What decisions listen to is not kept for as long as a tunnel is open.
    this.#abort = undefined;
  }

  /** Answers with a status of the engine's own and ends the connection. */
  refuse(reason: Problem): void {
    this.socket.write(formatRefusal(reason), 'latin1');
    this.close();
  }

  /**
   * Closes our half and throws away what still comes, so that the last response is not lost to a reset
   * (RFC 9112 §9.6).
   */
  close(): void {
    if (this.#isLingering) return;
    this.#isLingering = true;
    this.#user = undefined;
    this.#held.drop();
    this.#returnReader();
    this.#unwatch?.();
    this.socket.end();
    this.socket.resume();
    this.deadline.set(this.context.timeouts.linger);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Ends it so that the client sees that something is missing. */
  reset(): void {
    reset(this.socket);
  }

  /** @param isKept the piece is held already: what is left of it need not be copied */
  #feed(piece: Buffer, length: number, isKept = false): void {
    this.#feeding = true;
    let at = 0;
    let heads = 0;
    while (at < length && !this.#isLingering) {
      const user = this.#user;
      const free = this.#held.isEmpty && !this.#backedUp;
      if (free && user === undefined && heads < HEADS_PER_TURN && !this.#letsOthers) {
        at = this.#readHead(piece, at, length);
        heads += 1;
      } else {
        const taken = free && user !== undefined ? user.onClientBytes(piece, at, length) : at;
        if (taken === at) {
          this.#held.keep(piece.subarray(at, length), isKept);
          break;
        }
        at = taken;
      }
    }
    this.#feeding = false;
    if (this.#letsOthers) return;
    if (heads < HEADS_PER_TURN) return this.#feedIfFree();
    this.#letsOthers = true;
    setImmediate(() => {
      this.#letsOthers = false;
      this.#feedIfFree();
    });
  }

  /** What comes behind the last response is thrown away. */
  #outstay(length: number): void {
    if (this.#lingering === undefined) return;
    const now = this.context.now();
    this.deadline.set(this.#lingering.read(length, now), now);
  }

  #feedIfFree(): void {
    if (this.#user === undefined && !this.#isLingering && !this.#backedUp) this.#feedHeld();
  }

  #feedHeld(): void {
    const held = this.#held.take();
    if (held !== undefined) this.#feed(held, held.length, true);
    else if (this.ended && this.#user === undefined) this.close();
  }

  /** @returns where the request, or what of its body came with it, ends */
  #readHead(piece: Buffer, from: number, to: number): number {
    const reader = (this.#reader ??= borrowReader('request'));
    const begun = reader.begun;
    const outcome = reader.push(piece, from, to);
    if (outcome === 'more') {
      if (!begun && reader.begun) this.deadline.set(this.context.timeouts.head);
      // An empty line is not the beginning of a request.
      if (reader.blank) this.#returnReader();
      return to;
    }
    const request =
      outcome === 'bad' ? (reader.problem ?? problem(400, 'the head is malformed')) : readRequest(reader);
    if (isProblem(request)) {
      this.refuse(request);
      return to;
    }
    // The exchange gives it back when it needs it no more.
    this.#reader = undefined;
    const exchange = new Exchange(this, request, reader);
    this.#user = exchange;
    return exchange.start(piece, reader.next, to);
  }

  #onDrain(): void {
    this.#user?.onClientDrain();
    if (!this.#backedUp) return;
    this.#backedUp = false;
    this.deadline.set(this.context.timeouts.idle);
    this.#feedHeld();
  }

  #onEnd(): void {
    this.ended = true;
    if (this.#isLingering) return;
    if (this.#user !== undefined) this.#user.onClientEnd();
    else if (this.#backedUp || this.#letsOthers) return;
    else if (this.#reader === undefined) this.close();
    else this.refuse(problem(400, 'the head was cut off'));
  }

  #onDeadline(): void {
    if (this.#isLingering) this.destroy();
    else if (this.#user !== undefined) this.#user.onDeadline();
    else if (this.#backedUp) this.destroy();
    else if (this.#reader === undefined) this.close();
    else this.refuse(problem(408, 'the head did not come in time'));
  }

  #returnReader(): void {
    if (this.#reader !== undefined) returnReader(this.#reader);
    this.#reader = undefined;
  }

  #release(broke: boolean): void {
    const user = this.#user;
    this.#isLingering = true;
    this.#user = undefined;
    this.#held.drop();
    this.#returnReader();
    this.deadline.remove();
    this.#unwatch?.();
    user?.onClientClose(broke);
    this.#abort?.abort();
  }
}
