/** What an exchange waits for, and the deadline for it. */
import type { Client } from './client.ts';
import type { Timeouts } from './limits.ts';
import type { Relay } from './relay.ts';
import type { Upload } from './upload.ts';

type Wait = 'none' | 'stall' | 'body' | 'answer' | 'halfClosed';

export class Patience {
  readonly #client: Client;
  readonly #upload: Upload;
  readonly #relay: Relay;
  #wait: Wait = 'none';

  constructor(client: Client, upload: Upload, relay: Relay) {
    this.#client = client;
    this.#upload = upload;
    this.#relay = relay;
  }

  get wait(): Wait {
    return this.#wait;
  }

  /** Somebody takes his time, and may. */
  rest(): void {
    this.#wait = 'none';
    this.#client.deadline.remove();
  }

  /** Something has happened: what has to happen next gets its time. */
  update(): void {
    if (this.#client.ended) this.#client.watchPresence();
    const wait = this.#next();
    // Informational responses, and a head that drips in, do not buy time.
    if (wait === 'answer' && this.#wait === 'answer') return;
    if (wait === 'none') return this.rest();
    this.#wait = wait;
    this.#client.deadline.set(this.#client.context.timeouts[wait]);
  }

  #next(): Wait {
    const { done, full, upstream } = this.#upload;
    if (full || this.#relay.full) return 'stall';
    if (this.#client.ended && upstream !== undefined) return 'halfClosed';
    // A response may be silent as long as it likes: a stream of events.
    if (this.#relay.answered) return 'none';
    return done || upstream === undefined ? 'answer' : 'body';
  }
}

export function answerTimeout({ answer }: Timeouts): Error {
  const error = new Error(`there was no response within ${answer / 1_000} s`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}
