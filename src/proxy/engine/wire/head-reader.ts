/**
 * Reads heads from the pieces in which a socket delivers them. A head that comes in one piece, as nearly all do,
 * is read where it lies; only one that is split is copied together.
 */
import { HeadLexer, type HeadKind, type Outcome } from './lexer.ts';

export class HeadReader extends HeadLexer {
  /** What the marks point into, after `done`. Valid until the piece it came from is reused. */
  bytes: Buffer = NOTHING;
  /** After `done`: where the head ended in the piece that was read last. */
  next = 0;
  #kind: HeadKind = 'request';
  #held: Buffer | undefined;
  #heldLength = 0;
  #fresh = true;

  /** Prepares for a new head. */
  expect(kind: HeadKind): void {
    this.#kind = kind;
    this.#fresh = true;
    this.#heldLength = 0;
    // What an unusual head needed is not kept for the usual ones.
    this.#held = undefined;
    this.bytes = NOTHING;
  }

  /** True when a part of a head has come, and not only the empty line that may stand before a request. */
  get begun(): boolean {
    return !this.#fresh && !this.blank;
  }

  /** Reads on in `piece[from, to)`. */
  push(piece: Buffer, from: number, to: number): Outcome {
    return this.#fresh ? this.#readInPlace(piece, from, to) : this.#readHeld(piece, from, to);
  }

  #readInPlace(piece: Buffer, from: number, to: number): Outcome {
    if (from === to) return 'more';
    this.begin(this.#kind, from);
    const outcome = this.read(piece, to);
    if (outcome === 'more') {
      this.#hold(piece, from, to);
      this.begin(this.#kind, 0);
      this.read(this.bytes, this.#heldLength);
    }
    if (outcome === 'done') {
      this.bytes = piece;
      this.next = this.end;
    }
    this.#fresh = false;
    return outcome;
  }

  #readHeld(piece: Buffer, from: number, to: number): Outcome {
    const before = this.#heldLength;
    // Enough of it to see that it is too large.
    this.#hold(piece, from, Math.min(to, from + this.maxHead + 3 - before));
    const outcome = this.read(this.bytes, this.#heldLength);
    if (outcome === 'done') this.next = from + this.end - before;
    return outcome;
  }

  #hold(piece: Buffer, from: number, to: number): void {
    const length = this.#heldLength + to - from;
    let held = this.#held;
    if (held === undefined || held.length < length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, 2 * length));
      held?.copy(larger, 0, 0, this.#heldLength);
      this.#held = held = larger;
    }
    piece.copy(held, this.#heldLength, from, to);
    this.#heldLength = length;
    this.bytes = held;
  }
}

const NOTHING = Buffer.alloc(0);

/** Readers between two heads. A connection that waits or tunnels needs none. */
const spare: HeadReader[] = [];
const MAX_SPARE = 64;

export function borrowReader(kind: HeadKind): HeadReader {
  const reader = spare.pop() ?? new HeadReader();
  reader.expect(kind);
  return reader;
}

export function returnReader(reader: HeadReader): void {
  if (spare.length >= MAX_SPARE) return;
  reader.expect('request');
  spare.push(reader);
}

/** Reads a head once more whose text has been kept, when its reader is long gone. */
export function readAgain(text: string): HeadReader {
  const reader = borrowReader('request');
  const bytes = Buffer.from(text, 'latin1');
  reader.push(bytes, 0, bytes.length);
  return reader;
}
