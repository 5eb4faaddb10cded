/** How long a message is: the rules of RFC 9112 §6, the strict reading of each. */
import { CR } from './bytes.ts';
import { FIELD } from './field-names.ts';
import { MARKS, type HeadLexer } from './lexer.ts';
import { isProblem, problem, type Problem } from './problem.ts';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** Responses only: everything until the connection is closed. */
  | { readonly kind: 'close' };

export const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'close' };

const CHUNKED_WORD = Buffer.from('chunked');

/** RFC 9112 §6.3, for requests: without either field there is no body. */
export function frameRequest(lexer: HeadLexer, bytes: Uint8Array): Framing | Problem {
  return readFraming(lexer, bytes) ?? NO_BODY;
}

/** RFC 9112 §6.3, for responses, whose length also depends on the request and the status. */
export function frameResponse(lexer: HeadLexer, bytes: Uint8Array, toHead: boolean): Framing | Problem {
  const { status } = lexer;
  const framing = readFraming(lexer, bytes) ?? UNTIL_CLOSE;
  if (isProblem(framing)) return framing;
  return toHead || status < 200 || status === 204 || status === 304 ? NO_BODY : framing;
}

/**
 * What the fields say; undefined if there is none. Whatever two recipients could read in two ways is refused
 * (RFC 9112 §11.2): both fields, either one twice, another coding than exactly `chunked`, a coding in HTTP/1.0.
 */
function readFraming(lexer: HeadLexer, bytes: Uint8Array): Framing | Problem | undefined {
  let framing: Framing | undefined;
  for (let field = 0; field < lexer.count; field += 1) {
    const id = lexer.idOf(field);
    if (id !== FIELD.CONTENT_LENGTH && id !== FIELD.TRANSFER_ENCODING) continue;
    if (framing !== undefined) return problem(400, 'the length of the message is given twice');
    const from = lexer.marks[field * MARKS + 2] as number;
    const to = lexer.marks[field * MARKS + 3] as number;
    // Blanks behind the value are legal, and read differently.
    if (bytes[to] !== CR) return problem(400, 'the length of the message is malformed');
    if (id === FIELD.TRANSFER_ENCODING) {
      if (!isChunked(bytes, from, to)) return problem(400, 'the only transfer coding accepted is "chunked"');
      if (lexer.minor === 0) return problem(400, 'HTTP/1.0 has no transfer codings');
      framing = CHUNKED;
    } else {
      const length = readLength(bytes, from, to);
      if (length < 0) return problem(400, 'the content length is malformed');
      framing = length === 0 ? NO_BODY : { kind: 'length', length };
    }
  }
  return framing;
}

function isChunked(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== CHUNKED_WORD.length) return false;
  for (let index = 0; index < CHUNKED_WORD.length; index += 1) {
    if (toLower(bytes[from + index] as number) !== CHUNKED_WORD[index]) return false;
  }
  return true;
}

const toLower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** `1*DIGIT` (RFC 9110 §8.6), or -1. Fifteen digits are below 2^53 and beyond every body. */
function readLength(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 15) return -1;
  let length = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}
