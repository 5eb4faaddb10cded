/** The readers of bodies by how they are framed (RFC 9112 §6.3). `lenient`: as for a response, see `chunked.ts`. */
import type { BodyReader } from './body-reader.ts';
import { ChunkedBody } from './chunked.ts';
import type { Framing } from './framing.ts';

export function createBodyReader(framing: Framing, lenient = false): BodyReader {
  if (framing.kind === 'length') return new SizedBody(framing.length);
  if (framing.kind === 'chunked') return new ChunkedBody({ lenient });
  return framing.kind === 'none' ? EMPTY : new EndlessBody();
}

const EMPTY: BodyReader = { done: true, payload: 0, passable: 0, tail: '', read: (_, from) => from };

class SizedBody implements BodyReader {
  payload = 0;
  passable = 0;
  readonly tail = '';
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  get done(): boolean {
    return this.payload === this.#length;
  }

  read(_piece: Buffer, from: number, to: number): number {
    const taken = Math.min(this.#length - this.payload, to - from);
    this.payload += taken;
    this.passable = from + taken;
    return this.passable;
  }
}

/** Its end is the end of the connection. */
class EndlessBody implements BodyReader {
  payload = 0;
  passable = 0;
  readonly tail = '';
  readonly done = false;

  read(_piece: Buffer, from: number, to: number): number {
    this.payload += to - from;
    this.passable = to;
    return to;
  }
}
