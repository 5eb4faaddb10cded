/**
 * How long a message is: the rules of RFC 9112 §6, the strict reading of each. What a response may say twice, or with
 * other words than the usual ones, is written in one way (`writeFraming`).
 */
import { FIELD, type FieldId } from './field-names.ts';
import { MARKS, type HeadLexer } from './lexer.ts';
import { isProblem, problem, type Problem } from './problem.ts';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  /** `overLength`: a length was given, too, which counts for nothing (RFC 9112 §6.3). */
  | { readonly kind: 'chunked'; readonly overLength?: true }
  /** Responses only: everything until the connection is closed. */
  | { readonly kind: 'close' };

export const NO_BODY: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const CHUNKED_OVER_LENGTH: Framing = { kind: 'chunked', overLength: true };
const UNTIL_CLOSE: Framing = { kind: 'close' };

const GIVEN_DIFFERENTLY = problem(400, 'Content-Length is given twice, differently');

const NO_OTHER_CODING = problem(400, 'the only Transfer-Encoding accepted is "chunked"');

const CHUNKED_WORD = Buffer.from('chunked');
const IDENTITY_WORD = Buffer.from('identity');

/** Finds the framing of a request: without either field there is no body (RFC 9112 §6.3). */
export function frameRequest(lexer: HeadLexer, bytes: Uint8Array): Framing | Problem {
  return readFraming(lexer, bytes, combineStrictly) ?? NO_BODY;
}

/** Finds the framing of a response, whose length also depends on the request and the status (RFC 9112 §6.3). */
export function frameResponse(lexer: HeadLexer, bytes: Uint8Array, toHead: boolean): Framing | Problem {
  const { status } = lexer;
  const framing = readFraming(lexer, bytes, combineLeniently) ?? UNTIL_CLOSE;
  if (isProblem(framing)) return framing;
  return toHead || status < 200 || status === 204 || status === 304 ? NO_BODY : framing;
}

type Combine = (one: Framing, other: Framing) => Framing | Problem;

/** Whatever two recipients of a request could read in two ways is refused (RFC 9112 §11.2). */
const combineStrictly: Combine = (one, other) =>
  problem(
    400,
    one.kind !== 'chunked' && other.kind !== 'chunked'
      ? 'Content-Length is given twice'
      : one.kind === other.kind
        ? 'Transfer-Encoding is given twice'
        : 'both Content-Length and Transfer-Encoding are given',
  );

/** A response may repeat itself (RFC 9110 §8.6), and say a length that its chunks make void (RFC 9112 §6.3). */
const combineLeniently: Combine = (one, other) => {
  if (one.kind === 'chunked' || other.kind === 'chunked') {
    return one.kind === other.kind && !isOverLength(one) ? CHUNKED : CHUNKED_OVER_LENGTH;
  }
  return lengthOf(one) === lengthOf(other) ? one : GIVEN_DIFFERENTLY;
};

export const isOverLength = (framing: Framing): boolean =>
  framing.kind === 'chunked' && framing.overLength === true;

const lengthOf = (framing: Framing): number => (framing.kind === 'length' ? framing.length : 0);

/**
 * Reads both fields; undefined if there is none. A response may say that it is not coded, which is no framing and was
 * a word of RFC 2616 (§3.6).
 */
function readFraming(lexer: HeadLexer, bytes: Uint8Array, combine: Combine): Framing | Problem | undefined {
  let framing: Framing | undefined;
  let isUncoded = false;
  for (let field = 0; field < lexer.count; field += 1) {
    const id = lexer.idOf(field);
    if (id !== FIELD.CONTENT_LENGTH && id !== FIELD.TRANSFER_ENCODING) continue;
    const from = lexer.marks[field * MARKS + 2] as number;
    const to = lexer.marks[field * MARKS + 3] as number;
    if (combine === combineLeniently && isIdentity(id, bytes, from, to)) {
      isUncoded = true;
      continue;
    }
    let one = id === FIELD.CONTENT_LENGTH ? readLength(bytes, from, to) : readCoding(lexer, bytes, from, to);
    if (isProblem(one) && combine === combineLeniently) one = readList(bytes, from, to, id) ?? one;
    if (isProblem(one)) return one;
    const both: Framing | Problem = framing === undefined ? one : combine(framing, one);
    if (isProblem(both)) return both;
    framing = both;
  }
  return isUncoded && framing?.kind === 'chunked' ? NO_OTHER_CODING : framing;
}

/**
 * Reads `chunked, chunked` and `2, 2`, which are no other than two lines of it (RFC 9110 §5.3, §8.6); undefined for
 * what is no such list.
 */
function readList(bytes: Uint8Array, from: number, to: number, id: FieldId): Framing | Problem | undefined {
  const value = Buffer.from(bytes.subarray(from, to)).toString('latin1');
  if (id === FIELD.TRANSFER_ENCODING) {
    return /^chunked(?:[ \t]*,[ \t]*chunked)+$/i.test(value) ? CHUNKED : undefined;
  }
  if (!/^\d{1,15}(?:[ \t]*,[ \t]*\d{1,15})+$/.test(value)) return undefined;
  const [length = 0, ...others] = value.split(',').map(Number);
  if (others.some((other) => other !== length)) return GIVEN_DIFFERENTLY;
  return length === 0 ? NO_BODY : { kind: 'length', length };
}

function readCoding(lexer: HeadLexer, bytes: Uint8Array, from: number, to: number): Framing | Problem {
  if (!isWord(CHUNKED_WORD, bytes, from, to)) return NO_OTHER_CODING;
  if (lexer.minor === 0) return problem(400, 'HTTP/1.0 has no Transfer-Encoding');
  return CHUNKED;
}

const isIdentity = (id: FieldId, bytes: Uint8Array, from: number, to: number): boolean =>
  id === FIELD.TRANSFER_ENCODING && isWord(IDENTITY_WORD, bytes, from, to);

/** @param word in lower case */
function isWord(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== word.length) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (toLower(bytes[from + index] as number) !== word[index]) return false;
  }
  return true;
}

const toLower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** Reads `1*DIGIT` (RFC 9110 §8.6). Fifteen digits are below 2^53 and beyond every body. */
function readLength(bytes: Uint8Array, from: number, to: number): Framing | Problem {
  let length = to === from || to - from > 15 ? -1 : 0;
  for (let at = from; at < to && length >= 0; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    length = digit < 0 || digit > 9 ? -1 : length * 10 + digit;
  }
  if (length < 0) return problem(400, 'Content-Length is malformed');
  return length === 0 ? NO_BODY : { kind: 'length', length };
}
