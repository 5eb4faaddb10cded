/**
 * Finds the end of a body in the bytes that pass by, without taking the body apart: it is forwarded as it came.
 * A reader gets every piece once and says how much of it may be passed on.
 */
export interface BodyReader {
  /** Everything that belongs to the body was read. */
  readonly done: boolean;
  /** Bytes of the body itself that were read, without the coding around them. */
  readonly payload: number;
  /** After `read`: up to here, from where it began, the piece may be passed on. */
  readonly passable: number;
  /** After the last `read`: what follows what could be passed on, already checked. */
  readonly tail: string;
  /** Reads `piece[from, to)`; says where the body ends in it (`to` if it goes on), or BAD. */
  read(piece: Buffer, from: number, to: number): number;
}

/** The body breaks the rules; nothing behind it can be trusted. */
export const BAD = -1;
