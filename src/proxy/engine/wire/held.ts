/** What a client has sent beyond the request that it is in: pipelined requests (RFC 9112 §9.3.2). */
import type { Socket } from 'node:net';

import { MAX_HELD } from './limits.ts';

export class Held {
  #bytes: Buffer | undefined;
  #isPausing = false;
  readonly #socket: Socket;

  /** @param socket is not read while enough is held */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get isEmpty(): boolean {
    return this.#bytes === undefined;
  }

  /** @param isKept the bytes were held before, and need not be copied: all others are read into again */
  keep(rest: Buffer, isKept: boolean): void {
    if (isKept && this.#bytes === undefined) this.#bytes = rest;
    else this.#bytes = Buffer.concat(this.#bytes === undefined ? [rest] : [this.#bytes, rest]);
    if (this.#bytes.length < MAX_HELD) return;
    this.#isPausing = true;
    this.#socket.pause();
  }

  take(): Buffer | undefined {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    if (this.#isPausing) this.#socket.resume();
    this.#isPausing = false;
    return bytes;
  }

  /** Forgets what is held; who reads the connection from now on is its user's business. */
  drop(): void {
    this.#bytes = undefined;
    this.#isPausing = false;
  }
}
