/**
 * The chunked coding (RFC 9112 §7.1), read strictly: exact CRLFs, hexadecimal sizes without spaces, extensions
 * by their grammar. Chunks pass as they came; the trailer section is held back until it is known to be well
 * formed, since a field in it is as good a place to smuggle as one in the head.
 *
 * Responses may have blanks behind a size and around what is in an extension (§7.1.1), as old servers do; they are
 * taken out of the bytes that pass.
 *
 *     SIZE ─▶ EXTENSION… ─▶ SIZE_LF ─▶ DATA ─▶ DATA_CR ─▶ DATA_LF ─▶ SIZE …
 *                              └─ size 0 ─▶ TRAILER ─▶ END_LF ─▶ done
 *                                              └─▶ FIELDS ─────▶ done
 */
import { BAD, type BodyReader } from './body-reader.ts';
import { CR, FIELD_VALUE, LF, QUOTED_TEXT, SEMICOLON, TOKEN, hexValue, isBlank } from './bytes.ts';
import { isFraming, isHopByHop } from './field-names.ts';
import { borrowReader, returnReader, type HeadReader } from './head-reader.ts';
import { MAX_CHUNK_LINE } from './limits.ts';

const [SIZE, EXT_NAME, EXT_VALUE, EXT_TOKEN, EXT_QUOTED, EXT_ESCAPE, EXT_END] = [
  0, 1, 2, 3, 4, 5, 6,
] as const;
const [SIZE_LF, DATA, DATA_CR, DATA_LF] = [7, 8, 9, 10] as const;
const [TRAILER, END_LF, FIELDS, DONE] = [11, 12, 13, 14] as const;
/** Behind the name of an extension and a blank. */
const EXT_NAMED = 15;

/** 2^48: no overflow, and no body is larger. */
const MAX_DIGITS = 12;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Gets every stretch of a body's own bytes, without the coding around it. */
export type OnPayload = (piece: Buffer, from: number, to: number) => void;

export interface ChunkedOptions {
  /** It is of a response: blanks are taken, and not passed on. */
  readonly lenient?: boolean;
  /** With that, nothing is passed on but by this. */
  readonly onPayload?: OnPayload;
}

export class ChunkedBody implements BodyReader {
  payload = 0;
  passable = 0;
  tail = '';
  #state: number = SIZE;
  /** Of the chunk being announced or read: bytes. */
  #left = 0;
  #digits = 0;
  /** Bytes of the extensions on the line that announces a chunk. */
  #line = 0;
  /** The extension's name (or token value) has begun. */
  #word = false;
  #trailers: HeadReader | undefined;
  readonly #onPayload: OnPayload | undefined;
  readonly #lenient: boolean;

  constructor({ onPayload, lenient = false }: ChunkedOptions = {}) {
    this.#onPayload = onPayload;
    this.#lenient = lenient;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  /** What passes is moved to the front of the piece where blanks were before it. */
  read(piece: Buffer, from: number, to: number): number {
    let at = from;
    let kept = from;
    while (at < to) {
      const before = at;
      if (this.#state === DATA) at = this.#readData(piece, at, to);
      else if (this.#state === FIELDS || (this.#state === TRAILER && piece[at] !== CR)) {
        this.#state = FIELDS;
        this.passable = kept;
        return this.#readTrailers(piece, at, to);
      } else if (this.#lenient && isBlank(piece[at]) && this.#stepBlank()) {
        at += 1;
        continue;
      } else {
        if (!this.#step(piece[at] as number)) return BAD;
        at += 1;
      }
      if (kept !== before && this.#onPayload === undefined) piece.copyWithin(kept, before, at);
      kept += at - before;
      if (this.#state === DONE) break;
    }
    this.passable = kept;
    return at;
  }

  #readData(piece: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.#left);
    this.#left -= end - from;
    this.payload += end - from;
    this.#onPayload?.(piece, from, end);
    if (this.#left === 0) this.#state = DATA_CR;
    return end;
  }

  /** One byte of what is around the data. False if it must not be there. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case SIZE:
        return this.#stepSize(byte);
      case SIZE_LF:
        if (byte !== LF) return false;
        this.#state = this.#left === 0 ? TRAILER : DATA;
        return true;
      case DATA_CR:
        this.#state = DATA_LF;
        return byte === CR;
      case DATA_LF:
        this.#state = SIZE;
        this.#digits = this.#line = 0;
        return byte === LF;
      case TRAILER:
        this.#state = END_LF;
        return byte === CR;
      case END_LF:
        this.#state = DONE;
        return byte === LF;
      default:
        return this.#stepExtension(byte);
    }
  }

  /** A blank, where one may be. False if it must not be there, or is a part of something. */
  #stepBlank(): boolean {
    const state = this.#state;
    if (state === SIZE ? this.#digits === 0 : state > EXT_END && state !== EXT_NAMED) return false;
    if (state === EXT_QUOTED || state === EXT_ESCAPE) return false;
    this.#line += 1;
    if (this.#line > MAX_CHUNK_LINE) return false;
    if (state === SIZE || state === EXT_TOKEN) this.#state = EXT_END;
    else if (state === EXT_NAME && this.#word) this.#state = EXT_NAMED;
    return true;
  }

  #stepSize(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#left = this.#left * 16 + digit;
      this.#digits += 1;
      return this.#digits <= MAX_DIGITS;
    }
    return this.#digits > 0 && this.#endWord(byte);
  }

  /** `*( ";" name [ "=" ( token / quoted-string ) ] )` (RFC 9112 §7.1.1), without the spaces it tolerates. */
  #stepExtension(byte: number): boolean {
    this.#line += 1;
    if (this.#line > MAX_CHUNK_LINE) return false;
    switch (this.#state) {
      case EXT_NAME:
      case EXT_TOKEN:
        if (TOKEN[byte] === 1) {
          this.#word = true;
          return true;
        }
        if (this.#state === EXT_NAME && byte === EQUALS && this.#word) {
          this.#state = EXT_VALUE;
          return true;
        }
        return this.#word && this.#endWord(byte);
      case EXT_NAMED:
        if (byte !== EQUALS) return this.#endWord(byte);
        this.#state = EXT_VALUE;
        return true;
      case EXT_VALUE:
        this.#state = byte === QUOTE ? EXT_QUOTED : EXT_TOKEN;
        this.#word = true;
        return byte === QUOTE || TOKEN[byte] === 1;
      case EXT_QUOTED:
        if (byte === QUOTE) this.#state = EXT_END;
        else if (byte === BACKSLASH) this.#state = EXT_ESCAPE;
        else return QUOTED_TEXT[byte] === 1;
        return true;
      case EXT_ESCAPE:
        this.#state = EXT_QUOTED;
        return FIELD_VALUE[byte] === 1;
      default:
        return this.#endWord(byte);
    }
  }

  /** Behind a size or an extension: another extension, or the end of the line. */
  #endWord(byte: number): boolean {
    if (byte === CR) this.#state = SIZE_LF;
    else if (byte === SEMICOLON) this.#state = EXT_NAME;
    else return false;
    this.#word = false;
    return true;
  }

  #readTrailers(piece: Buffer, from: number, to: number): number {
    const reader = (this.#trailers ??= borrowReader('trailers'));
    const outcome = reader.push(piece, from, to);
    if (outcome === 'more') return to;
    const end = reader.next;
    const tail = outcome === 'done' ? checkedTrailers(reader) : undefined;
    this.#trailers = undefined;
    returnReader(reader);
    if (tail === undefined) return BAD;
    this.tail = tail;
    this.#state = DONE;
    return end;
  }
}

/** The section as it came, or undefined if it names what a trailer must not set (RFC 9110 §6.5.1). */
function checkedTrailers(reader: HeadReader): string | undefined {
  for (let field = 0; field < reader.count; field += 1) {
    const id = reader.idOf(field);
    if (isFraming(id) || isHopByHop(id)) return undefined;
  }
  return reader.bytes.toString('latin1', reader.start, reader.end);
}
