/** The readers of bodies by how they are framed (RFC 9112 §6.3). */
import type { BodyReader } from './body-reader.ts';
import { ChunkedBody } from './chunked.ts';
import type { Framing } from './framing.ts';

export function createBodyReader(framing: Framing): BodyReader {
  if (framing.kind === 'length') return new SizedBody(framing.length);
  if (framing.kind === 'chunked') return new ChunkedBody();
  return framing.kind === 'none' ? EMPTY : new EndlessBody();
}

const EMPTY: BodyReader = { done: true, passable: 0, tail: '', read: (_, from) => from };

class SizedBody implements BodyReader {
  passable = 0;
  readonly tail = '';
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  read(_piece: Buffer, from: number, to: number): number {
    const taken = Math.min(this.#left, to - from);
    this.#left -= taken;
    this.passable = from + taken;
    return this.passable;
  }
}

/** Its end is the end of the connection. */
class EndlessBody implements BodyReader {
  passable = 0;
  readonly tail = '';
  readonly done = false;

  read(_piece: Buffer, _from: number, to: number): number {
    this.passable = to;
    return to;
  }
}
