/**
 * Reads the head of a request or a response, byte for byte and strictly (RFC 9112 §2–§5): lines end in CRLF and
 * nothing else, no space before a colon, no folded lines, no control characters. It may be given the bytes in
 * pieces, and goes on where it stopped. It marks where things are; what they mean is for others to say.
 *
 *     request:   START ─▶ METHOD ─▶ TARGET ─▶ VERSION ─┐
 *     response:  STATUS ─▶ REASON ─────────────────────┤
 *                                      LINE_LF ─▶ FIELD ─▶ NAME ─▶ SPACE ─▶ VALUE ─▶ VALUE_LF ─┐
 *     trailers:  ──────────────────────────────────▶ ▲ └─▶ LAST_LF ─▶ done                     │
 *                                                    └─────────────────────────────────────────┘
 */
import { COLON, CR, FIELD_VALUE, HTAB, LF, SP, TARGET, TOKEN } from './bytes.ts';
import { identify, type FieldId } from './field-names.ts';
import { MAX_FIELDS, MAX_HEAD } from './limits.ts';
import { problem, type Problem } from './problem.ts';

export type HeadKind = 'request' | 'response' | 'trailers';
export type Outcome = 'more' | 'done' | 'bad';

const [START, START_LF, METHOD, TARGET_PART] = [0, 1, 2, 3] as const;
const [VERSION, STATUS, REASON, LINE_LF] = [4, 5, 6, 7] as const;
const [FIELD, NAME, SPACE, VALUE, VALUE_LF, LAST_LF] = [8, 9, 10, 11, 12, 13] as const;
const [DONE, BAD] = [14, 15] as const;

const REQUEST_VERSION = Buffer.from('HTTP/1.');
/** The length of `HTTP/`. */
const HTTP_NAME = 5;
const NO_VERSION = 'this is not HTTP/1';
const DIGIT_0 = 0x30;

/** Numbers per field in `HeadLexer.marks`. */
export const MARKS = 5;

export class HeadLexer {
  /** Where the head begins, and after `done` where it ends (behind its empty line). */
  start = 0;
  end = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** The x of HTTP/1.x. */
  minor = 1;
  status = 0;
  /** Where the reason phrase begins, the space before it included; it ends at `lineEnd`. */
  reasonStart = 0;
  /** The end of the first line, without CRLF. */
  lineEnd = 0;
  /** Per field: where its name begins and ends, where its value begins and ends, which name it is. */
  readonly marks = new Int32Array(MAX_FIELDS * MARKS);
  count = 0;
  /** What is wrong, after `bad`. */
  problem: Problem | undefined;

  #at = 0;
  #state: number = START;

  /** Forgets what was read; the next head begins at `start`. */
  begin(kind: HeadKind, start: number): void {
    this.start = start;
    this.#at = start;
    this.count = 0;
    this.problem = undefined;
    this.#state = kind === 'request' ? START : kind === 'response' ? STATUS : FIELD;
    if (kind === 'trailers') this.lineEnd = start - 2;
  }

  /** Reads on in the same bytes (or a longer copy of them), up to `to`. */
  read(bytes: Uint8Array, to: number): Outcome {
    const limit = Math.min(to, this.start + MAX_HEAD);
    if (this.#state <= TARGET_PART) this.#readRequestLine(bytes, limit);
    if (this.#state >= VERSION && this.#state <= LINE_LF) this.#readRestOfLine(bytes, limit);
    if (this.#state >= FIELD && this.#state < DONE) this.#readFields(bytes, limit);
    if (this.#state === DONE) return 'done';
    if (this.#state === BAD) return 'bad';
    if (limit === to) return 'more';
    this.#fail(431, `the head is larger than ${MAX_HEAD / 1024} KiB`);
    return 'bad';
  }

  idOf(field: number): FieldId {
    return this.marks[field * MARKS + 4] as FieldId;
  }

  /** `method SP request-target SP` (RFC 9112 §3). One empty line before it is skipped (§2.2). */
  #readRequestLine(bytes: Uint8Array, to: number): void {
    let at = this.#at;
    if (this.#state === START && at < to) {
      if (bytes[at] === CR) this.#at = at += 1;
      this.#state = at === this.start ? METHOD : START_LF;
    }
    if (this.#state === START_LF && at < to) {
      if (bytes[at] !== LF) return this.#fail(400, 'a line does not end in CRLF');
      this.#at = this.start = at += 1;
      this.#state = METHOD;
    }
    if (at === to) return;
    if (this.#state === METHOD) {
      this.#at = at = skip(TOKEN, bytes, at, to);
      if (at === to) return;
      if (bytes[at] !== SP || at === this.start) return this.#fail(400, 'the method is malformed');
      this.methodEnd = at;
      at += 1;
      this.targetStart = at;
      this.#state = TARGET_PART;
    }
    this.#at = at = skip(TARGET, bytes, at, to);
    if (at === to) return;
    if (bytes[at] !== SP || at === this.targetStart) {
      return this.#fail(400, 'the request target is malformed');
    }
    this.targetEnd = at;
    this.#at = at + 1;
    this.#state = VERSION;
  }

  /** The version of a request, or the whole of a status line, and CRLF (RFC 9112 §2.3, §4). */
  #readRestOfLine(bytes: Uint8Array, to: number): void {
    if (this.#state === VERSION && !this.#readVersion(bytes, this.#at, to)) return;
    if (this.#state === STATUS && !this.#readStatus(bytes, this.#at, to)) return;
    let at = this.#at;
    if (this.#state === REASON) {
      this.#at = at = skip(FIELD_VALUE, bytes, at, to);
      if (at === to) return;
      if (bytes[at] !== CR) return this.#fail(400, 'the reason phrase is malformed');
      this.lineEnd = at;
      this.#at = at += 1;
      this.#state = LINE_LF;
    }
    if (at === to) return;
    if (bytes[at] !== LF) return this.#fail(400, 'a line does not end in CRLF');
    this.#at = at + 1;
    this.#state = FIELD;
  }

  /** Eight bytes at once and the CR behind them: `HTTP/1.1`. True when the line goes on as it should. */
  #readVersion(bytes: Uint8Array, at: number, to: number): boolean {
    if (to - at < REQUEST_VERSION.length + 2) {
      if (startsLike(bytes, at, Math.min(to, at + HTTP_NAME))) return false;
      this.#fail(400, NO_VERSION);
      return false;
    }
    if (!this.#readMinor(bytes, at)) return false;
    at += REQUEST_VERSION.length + 1;
    if (bytes[at] !== CR) {
      this.#fail(400, 'the request line is malformed');
      return false;
    }
    this.lineEnd = at;
    this.#at = at + 1;
    this.#state = LINE_LF;
    return true;
  }

  /** `HTTP/1.1 200` and the byte behind it. Some servers leave out the space before an empty reason. */
  #readStatus(bytes: Uint8Array, at: number, to: number): boolean {
    if (to - at < 13) {
      if (startsLike(bytes, at, Math.min(to, at + HTTP_NAME))) return false;
      this.#fail(400, NO_VERSION);
      return false;
    }
    if (!this.#readMinor(bytes, at)) return false;
    const hundreds = digitAt(bytes, at + 9);
    const tens = digitAt(bytes, at + 10);
    const ones = digitAt(bytes, at + 11);
    const behind = bytes[at + 12];
    if (bytes[at + 8] !== SP || hundreds < 1 || tens < 0 || ones < 0 || (behind !== SP && behind !== CR)) {
      this.#fail(400, 'the status line is malformed');
      return false;
    }
    this.status = hundreds * 100 + tens * 10 + ones;
    this.#at = this.reasonStart = at + 12;
    this.#state = REASON;
    return true;
  }

  #readMinor(bytes: Uint8Array, at: number): boolean {
    const minor = digitAt(bytes, at + REQUEST_VERSION.length);
    if (startsLike(bytes, at, at + REQUEST_VERSION.length) && (minor === 0 || minor === 1)) {
      this.minor = minor;
      return true;
    }
    // `HTTP/` DIGIT `.` DIGIT, RFC 9112 §2.3.
    const isHttp =
      startsLike(bytes, at, at + HTTP_NAME) && digitAt(bytes, at + 5) >= 0 && digitAt(bytes, at + 7) >= 0;
    if (isHttp) this.#fail(505, 'only HTTP/1.0 and HTTP/1.1 are spoken here');
    else this.#fail(400, NO_VERSION);
    return false;
  }

  /**
   * `*( field-name ":" OWS field-value OWS CRLF ) CRLF` (RFC 9112 §5). One state behind the other, so that a field
   * that lies there whole, as nearly all do, is read straight through.
   */
  #readFields(bytes: Uint8Array, to: number): void {
    const { marks } = this;
    let at = this.#at;
    let state = this.#state;
    let mark = this.count * MARKS;
    while (at < to) {
      if (state === FIELD) {
        if (bytes[at] === CR) {
          at += 1;
          state = LAST_LF;
          if (at === to) break;
        } else {
          if (this.count === MAX_FIELDS) return this.#fail(431, `more than ${MAX_FIELDS} header fields`);
          marks[mark] = at;
          state = NAME;
        }
      }
      if (state === LAST_LF) {
        if (bytes[at] !== LF) return this.#fail(400, 'the head does not end in CRLF');
        this.end = at + 1;
        this.#state = DONE;
        return;
      }
      if (state === NAME) {
        at = skip(TOKEN, bytes, at, to);
        if (at === to) break;
        if (bytes[at] !== COLON || at === marks[mark]) {
          return this.#fail(400, 'the name of a header field is malformed');
        }
        marks[mark + 1] = at;
        at += 1;
        state = SPACE;
      }
      if (state === SPACE) {
        while (at < to && isBlank(bytes[at])) at += 1;
        if (at === to) break;
        marks[mark + 2] = at;
        state = VALUE;
      }
      if (state === VALUE) {
        at = skip(FIELD_VALUE, bytes, at, to);
        if (at === to) break;
        if (bytes[at] !== CR) return this.#fail(400, 'the value of a header field is malformed');
        const start = marks[mark + 2] as number;
        let end = at;
        while (end > start && isBlank(bytes[end - 1])) end -= 1;
        marks[mark + 3] = end;
        at += 1;
        state = VALUE_LF;
        if (at === to) break;
      }
      if (bytes[at] !== LF) return this.#fail(400, 'a line does not end in CRLF');
      marks[mark + 4] = identify(bytes, marks[mark] as number, marks[mark + 1] as number);
      this.count += 1;
      mark += MARKS;
      at += 1;
      state = FIELD;
    }
    this.#at = at;
    this.#state = state;
  }

  #fail(status: number, reason: string): void {
    this.#state = BAD;
    this.problem = problem(status, reason);
  }
}

const isBlank = (byte: number | undefined): boolean => byte === SP || byte === HTAB;

/** The first byte that is not of the table, or `to`. Most of the work with a head is done here: four at a time. */
function skip(table: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const last = to - 4;
  while (
    at <= last &&
    table[bytes[at] as number] === 1 &&
    table[bytes[at + 1] as number] === 1 &&
    table[bytes[at + 2] as number] === 1 &&
    table[bytes[at + 3] as number] === 1
  ) {
    at += 4;
  }
  while (at < to && table[bytes[at] as number] === 1) at += 1;
  return at;
}

/** Do the bytes so far agree with `HTTP/1.`? */
function startsLike(bytes: Uint8Array, from: number, to: number): boolean {
  const length = Math.min(to - from, REQUEST_VERSION.length);
  for (let index = 0; index < length; index += 1) {
    if (bytes[from + index] !== REQUEST_VERSION[index]) return false;
  }
  return true;
}

/** The value of a decimal digit, or something that is not 0 to 9. */
function digitAt(bytes: Uint8Array, at: number): number {
  const value = (bytes[at] ?? 0) - DIGIT_0;
  return value <= 9 ? value : -1;
}
