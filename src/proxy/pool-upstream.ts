/**
 * A connection to a target. It is read with buffers of our own (`onread` of `net.connect`), which saves an
 * allocation per read: quiet connections share one buffer, a busy one borrows a large one.
 */
import type { OnReadOpts, Socket } from 'node:net';

import type { Target } from './engine/engine.ts';
import { outliveFailedWrites } from './failed-writes.ts';
import { isLastOfTurn, isShared, sharedBuffer } from './shared-buffer.ts';
import { systemTransport, type Transport } from './transport.ts';
import { readHandleOf, TurnShare } from './turn-share.ts';
import type { Deadline } from './wheel.ts';

/** Who uses the connection at the moment. Called while a read is being handled; none may throw. */
export interface UpstreamUser {
  /** Where what was read goes. A large buffer that this socket could not send at once is left to it. */
  readonly sink: Socket;
  /**
   * `piece[0, length)` was read. The piece is valid during the call; unless it `isShared`, what is written of it to
   * `sink` during the call is valid until sent. Otherwise it must be copied, whatever is done with it.
   */
  onBytes(piece: Buffer, length: number): void;
  /** The target has closed its half. */
  onEnd(): void;
  /** What was written has left. */
  onDrain(): void;
  /** It is gone; nothing is called after this. */
  onClose(error: Error | undefined): void;
}

/** How a connection that nobody used came to its end: the target sent bytes, or closed it; or it was closed here. */
export type Useless = 'spoke' | 'left' | 'closed';

const LARGE_SIZE = 256 * 1024;
const MAX_SPARE = 16;
const spare: Buffer[] = [];

export class Upstream {
  readonly socket: Socket;
  /** It has carried an exchange before. */
  reused = false;
  /** A write has failed: nothing that is sent arrives any more, but what was received can still be read. */
  deaf = false;
  user: UpstreamUser | undefined;
  /** A client may have logged in over it: it is that client's alone, and never the pool's again. */
  personal = false;
  /** Its keeper's: when it is closed for want of use. Made when it is first kept. */
  deadline: Deadline | undefined;
  /** The pool's: called when nobody uses it and it has ended. */
  onUseless: ((how: Useless) => void) | undefined;
  /** The pool's: called when the target says something to who uses it, once. */
  onFirstBytes: (() => void) | undefined;
  /** The pool's: how long it may be kept idle, in milliseconds, and whether the target says so. */
  keepFor = 0;
  saysHowLong = false;
  /** The pool's: since when nobody uses it, by its clock. */
  idleSince = 0;
  #large: Buffer | undefined;
  readonly #share = new TurnShare(() => readHandleOf(this.socket));
  #error: Error | undefined;

  /** Starts to connect; `socket` emits `connect` or `secureConnect`. */
  constructor(target: Target, address: string, transport: Pick<Transport, 'connect'> = systemTransport) {
    const onread: OnReadOpts = {
      buffer: () => this.#large ?? sharedBuffer(),
      callback: (length, buffer) => {
        this.#read(buffer as Buffer, length);
        return true;
      },
    };
    this.socket = transport.connect(target, address, onread);
    outliveFailedWrites(this.socket, () => (this.deaf = true));
    if (target.protocol === 'https') this.socket.on('data', (piece: Buffer) => this.#readOwned(piece));
    this.socket.on('end', () => (this.user === undefined ? this.#drop('left') : this.user.onEnd()));
    this.socket.on('drain', () => this.user?.onDrain());
    this.socket.on('error', (error) => (this.#error = error));
    this.socket.on('close', () => this.#closed());
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(buffer: Buffer, length: number): void {
    const { user } = this;
    if (user === undefined) return this.#drop('spoke');
    if (this.onFirstBytes !== undefined) this.#tellFirst();
    const isLast = isLastOfTurn(length);
    if (isLast) user.onBytes(buffer, length);
    else this.#share.handle(length, () => user.onBytes(buffer, length));
    if (!isShared(buffer) && user.sink.writableLength > 0) this.#large = undefined;
    // A read that fills its buffer promises more.
    if (isLast || this.#share.isDense) this.#giveBack();
    else if (length === buffer.length) this.#large ??= spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_SIZE);
  }

  /** TLS allocates by itself. */
  #readOwned(piece: Buffer): void {
    if (this.user === undefined) this.#drop('spoke');
    else {
      const { user } = this;
      this.#tellFirst();
      this.#share.handle(piece.length, () => user.onBytes(piece, piece.length));
    }
  }

  #giveBack(): void {
    if (this.#large === undefined) return;
    if (spare.length < MAX_SPARE) spare.push(this.#large);
    this.#large = undefined;
  }

  #tellFirst(): void {
    const tell = this.onFirstBytes;
    this.onFirstBytes = undefined;
    tell?.();
  }

  /** Bytes or an end that nobody waits for: whatever they mean, it is not the answer to the next request. */
  #drop(how: Useless): void {
    this.socket.destroy();
    this.onUseless?.(how);
  }

  #closed(): void {
    this.#giveBack();
    this.deadline?.remove();
    const { user } = this;
    this.user = undefined;
    if (user === undefined) this.onUseless?.(this.#error === undefined ? 'closed' : 'left');
    else user.onClose(this.#error);
  }
}

/** Whether it can carry another exchange. */
export function isAlive({ socket, deaf }: Upstream): boolean {
  return !deaf && !socket.destroyed && socket.writable && !socket.readableEnded;
}
