/**
 * Connections without a system: the engine has one end, a stream that behaves as a socket does, and a test has the other
 * and says what arrives when. Nothing is kept in between: what was read of one end and has not come out of another is
 * in the engine.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { isShared } from '../../../../src/proxy/shared-buffer.ts';

/** How often a socket is read in a row while each read fills its buffer, as libuv does. */
const READS_PER_TURN = 32;

/** How the engine has let go of a connection. */
export type Closed = 'no' | 'ended' | 'closed' | 'reset';

/** The far end of a connection. */
export class Peer {
  /** What has arrived here. */
  received = '';
  /** Bytes that the engine has read of what was sent. */
  taken = 0;
  /** Bytes that arrived here. */
  delivered = 0;
  /** What the engine has done with its end. */
  closed: Closed = 'no';
  /** How much more is accepted here. */
  credit: number;
  #unread: Buffer[] = [];
  #ended = false;
  #broken = false;
  readonly end: EngineEnd;
  readonly #keeps: boolean;

  /** @param keeps false: what arrives is counted only */
  constructor(credit = Infinity, keeps = true) {
    this.credit = credit;
    this.#keeps = keeps;
    this.end = new EngineEnd(this);
  }

  get socket(): Socket {
    return this.end as unknown as Socket;
  }

  /** Bytes that were sent and that the engine has not read. */
  get unread(): number {
    return this.#unread.reduce((sum, { length }) => sum + length, 0);
  }

  /** This end can still say something. */
  get speaks(): boolean {
    return !this.#ended && !this.#broken && this.closed !== 'closed' && this.closed !== 'reset';
  }

  send(bytes: string | Buffer): void {
    if (!this.speaks) return;
    this.#unread.push(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
    this.end.wake();
  }

  /** Closes this half. */
  finish(): void {
    this.#ended = true;
    this.end.wake();
  }

  /** Resets the connection; what was sent before is read first. */
  reset(): void {
    this.#broken = true;
    this.end.wake();
  }

  /** Accepts so many bytes more. */
  accept(bytes: number): void {
    this.credit += bytes;
    this.end.wake();
  }

  get isBroken(): boolean {
    return this.#broken;
  }

  /** For the engine's end. @returns what was sent, `limit` bytes at most */
  take(limit: number): Buffer {
    const [first] = this.#unread;
    if (first === undefined) return Buffer.alloc(0);
    const piece = first.subarray(0, limit);
    if (piece.length === first.length) this.#unread.shift();
    else this.#unread[0] = first.subarray(limit);
    this.taken += piece.length;
    return piece;
  }

  /** For the engine's end. @returns how much was accepted */
  deliver(bytes: Buffer): number {
    const length = Math.min(bytes.length, this.credit);
    this.credit -= length;
    this.delivered += length;
    if (this.#keeps) this.received += bytes.toString('latin1', 0, length);
    return length;
  }

  get next(): 'bytes' | 'end' | 'error' | 'nothing' {
    if (this.#unread.length > 0) return 'bytes';
    if (this.#broken) return 'error';
    return this.#ended ? 'end' : 'nothing';
  }
}

interface Pending {
  readonly bytes: Buffer;
  sent: number;
  readonly done: (error?: Error | null) => void;
}

/** The engine's end. It is used as a `net.Socket`. */
class EngineEnd extends Duplex {
  readonly #peer: Peer;
  #onread: OnReadOpts | undefined;
  #isReading = false;
  #isAwake = false;
  #sawEnd = false;
  #pending: Pending | undefined;
  remoteAddress = '127.0.0.1';

  constructor(peer: Peer) {
    super({ allowHalfOpen: true, emitClose: false });
    this.#peer = peer;
  }

  begin(onread: OnReadOpts): this {
    this.#onread = onread;
    this.#isReading = true;
    this.wake();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  resetAndDestroy(): this {
    this.#peer.closed = 'reset';
    return this.destroy();
  }

  override pause(): this {
    this.#isReading = false;
    return this;
  }

  override resume(): this {
    this.#isReading = true;
    this.wake();
    return this;
  }

  /** Goes on in the next turn of the event loop, as all that comes from a system does. */
  wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#isAwake = false;
      this.#flush();
      this.#read();
    });
  }

  #read(): void {
    for (let reads = 0; reads < READS_PER_TURN; reads += 1) {
      if (!this.#isReading || this.destroyed || this.#onread === undefined) return;
      const { next } = this.#peer;
      if (next === 'end') return this.#readEnd();
      if (next === 'error') return void this.destroy(failure('read', 'ECONNRESET'));
      if (next === 'nothing') return;
      if (!this.#readPiece(this.#onread)) break;
    }
    this.wake();
  }

  /** @returns whether more is asked for in this turn */
  #readPiece(onread: OnReadOpts): boolean {
    const buffer = (typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer) as Buffer;
    const piece = this.#peer.take(buffer.length);
    buffer.set(piece);
    onread.callback(piece.length, buffer);
    // Whoever has kept it without a copy finds other bytes.
    if (isShared(buffer)) buffer.fill('!');
    return piece.length === buffer.length;
  }

  #readEnd(): void {
    if (this.#sawEnd) return;
    this.#sawEnd = true;
    this.push(null);
    this.read(0);
  }

  override _read(): void {
    // Nothing is read through the stream but its end.
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#peer.isBroken) return done(failure('write', 'EPIPE'));
    const sent = this.#peer.deliver(bytes);
    if (sent === bytes.length) done();
    else this.#pending = { bytes, sent, done };
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (this.#peer.isBroken) {
      this.#pending = undefined;
      return pending.done(failure('write', 'EPIPE'));
    }
    pending.sent += this.#peer.deliver(pending.bytes.subarray(pending.sent));
    if (pending.sent < pending.bytes.length) return;
    this.#pending = undefined;
    pending.done();
  }

  override _final(done: () => void): void {
    if (this.#peer.closed === 'no') this.#peer.closed = 'ended';
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#peer.closed !== 'reset') this.#peer.closed = 'closed';
    this.#pending = undefined;
    done(error);
    // As a socket does, with whether it broke, after the error has been told.
    process.nextTick(() => this.emit('close', error !== null));
  }
}

function failure(syscall: string, code: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
