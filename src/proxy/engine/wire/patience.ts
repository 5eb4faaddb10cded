/** What an exchange waits for, and the deadline for it. */
import type { Client } from './client.ts';

export type Wait = 'none' | 'stall' | 'body' | 'answer' | 'halfClosed';

export class Patience {
  readonly #client: Client;
  #wait: Wait = 'none';

  constructor(client: Client) {
    this.#client = client;
  }

  get wait(): Wait {
    return this.#wait;
  }

  /** Something has happened: from now on it waits for this. */
  expect(wait: Wait): void {
    // Informational responses, and a head that drips in, do not buy time.
    if (wait === 'answer' && this.#wait === 'answer') return;
    this.#wait = wait;
    if (wait === 'none') this.#client.deadline.clear();
    else this.#client.deadline.set(this.#client.context.timeouts[wait]);
  }
}
