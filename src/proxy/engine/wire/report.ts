/** How an exchange went, for whoever asked. */
import type { Socket } from 'node:net';

import type { Forward } from '../engine.ts';
import type { Relay } from './relay.ts';

export class Report {
  readonly #sink: Socket;
  readonly #relay: Relay;
  #onDone: Forward['onDone'];
  #told = false;
  /** What the client had been sent before this exchange; kept only where somebody wants to know. */
  #sentBefore = 0;

  constructor(sink: Socket, relay: Relay) {
    this.#sink = sink;
    this.#relay = relay;
  }

  /** Who asks first is told, also where the request is made again. */
  promise(onDone: Forward['onDone']): void {
    if (onDone === undefined || this.#onDone !== undefined) return;
    this.#onDone = onDone;
    this.#sentBefore = this.#sink.bytesWritten;
  }

  /** Only the first that is told counts. @param bytes of the body; what was sent, unless it is known */
  tell(status: number | undefined, complete: boolean, bytes?: number): void {
    if (this.#onDone === undefined || this.#told) return;
    this.#told = true;
    const sent = this.#sink.bytesWritten - this.#sentBefore - this.#relay.headLength;
    this.#onDone({ status, bytes: bytes ?? Math.max(0, sent), complete });
  }
}
