/** How an exchange went, for whoever asked: who asked first is told, also where the request is made again. */
import type { Socket } from 'node:net';

import type { Outcome } from '../engine.ts';
import type { Relay } from './relay.ts';

export class Report {
  readonly #onDone: (outcome: Outcome) => void;
  readonly #sink: Socket;
  readonly #relay: Relay;
  /** What the client had been sent before this exchange. */
  readonly #sentBefore: number;
  #told = false;

  constructor(onDone: (outcome: Outcome) => void, sink: Socket, relay: Relay) {
    this.#onDone = onDone;
    this.#sink = sink;
    this.#relay = relay;
    this.#sentBefore = sink.bytesWritten;
  }

  /** Only the first that is told counts. @param bytes of the body; what was sent, unless it is known */
  tell(status: number | undefined, complete: boolean, bytes?: number): void {
    if (this.#told) return;
    this.#told = true;
    const sent = this.#sink.bytesWritten - this.#sentBefore - this.#relay.headLength;
    this.#onDone({ status, bytes: bytes ?? Math.max(0, sent), complete });
  }
}
