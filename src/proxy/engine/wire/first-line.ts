/** Reads the first line of a head (RFC 9112 §3, §4); the lexer goes on with the fields. */
import { CR, FIELD_VALUE, LF, SP, TARGET, TOKEN, skip } from './bytes.ts';
import { problem, type Problem } from './problem.ts';

/** What is being read; in the order in which it comes. */
export const STATE = {
  START: 0,
  START_LF: 1,
  METHOD: 2,
  TARGET: 3,
  VERSION: 4,
  STATUS: 5,
  REASON: 6,
  LINE_LF: 7,
  FIELD: 8,
  NAME: 9,
  BLANK: 10,
  SPACE: 11,
  VALUE: 12,
  REST: 13,
  VALUE_LF: 14,
  LAST_LF: 15,
  DONE: 16,
  BAD: 17,
} as const;

const { START, START_LF, METHOD, TARGET: TARGET_PART, VERSION, STATUS, REASON, LINE_LF, FIELD, BAD } = STATE;

const REQUEST_VERSION = Buffer.from('HTTP/1.');
/** The length of `HTTP/`. */
const HTTP_NAME = 5;
const NO_VERSION = 'this is not HTTP/1';
const UNENDED_STATUS_LINE = 'the status line does not end in CRLF';
const DIGIT_0 = 0x30;

export class FirstLineLexer {
  /** Where the head begins. */
  start = 0;
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
  /** What is wrong, after `bad`. */
  problem: Problem | undefined;
  protected at = 0;
  protected state: number = START;

  /** Only an empty line has come before the request line. */
  get blank(): boolean {
    return this.state === METHOD && this.at === this.start;
  }

  /** Reads on, up to `to`, if the first line is not behind already. */
  protected readFirstLine(bytes: Uint8Array, to: number): void {
    if (this.state <= TARGET_PART) this.#readRequestLine(bytes, to);
    if (this.state >= VERSION && this.state <= LINE_LF) this.#readRestOfLine(bytes, to);
  }

  protected fail(status: number, reason: string): void {
    this.state = BAD;
    this.problem = problem(status, reason);
  }

  /** `method SP request-target SP` (RFC 9112 §3). One empty line before it is skipped (§2.2). */
  #readRequestLine(bytes: Uint8Array, to: number): void {
    let at = this.at;
    if (this.state === START && at < to) {
      if (bytes[at] === CR) this.at = at += 1;
      this.state = at === this.start ? METHOD : START_LF;
    }
    if (this.state === START_LF && at < to) {
      if (bytes[at] !== LF) return this.fail(400, 'a line does not end in CRLF');
      this.at = this.start = at += 1;
      this.state = METHOD;
    }
    if (at === to) return;
    if (this.state === METHOD) {
      this.at = at = skip(TOKEN, bytes, at, to);
      if (at === to) return;
      if (bytes[at] !== SP || at === this.start) return this.fail(400, 'the method is malformed');
      this.methodEnd = at;
      at += 1;
      this.targetStart = at;
      this.state = TARGET_PART;
    }
    this.at = at = skip(TARGET, bytes, at, to);
    if (at === to) return;
    if (bytes[at] !== SP || at === this.targetStart) {
      return this.fail(400, 'the request target is malformed');
    }
    this.targetEnd = at;
    this.at = at + 1;
    this.state = VERSION;
  }

  /** The version of a request, or the whole of a status line, and CRLF (RFC 9112 §2.3, §4). */
  #readRestOfLine(bytes: Uint8Array, to: number): void {
    if (this.state === VERSION && !this.#readVersion(bytes, this.at, to)) return;
    if (this.state === STATUS && !this.#readStatus(bytes, this.at, to)) return;
    let at = this.at;
    if (this.state === REASON) {
      this.at = at = skip(FIELD_VALUE, bytes, at, to);
      if (at === to) return;
      if (bytes[at] !== CR) {
        return this.fail(400, bytes[at] === LF ? UNENDED_STATUS_LINE : 'the reason phrase is malformed');
      }
      this.lineEnd = at;
      this.at = at += 1;
      this.state = LINE_LF;
    }
    if (at === to) return;
    if (bytes[at] !== LF) return this.fail(400, 'a line does not end in CRLF');
    this.at = at + 1;
    this.state = FIELD;
  }

  /** Eight bytes at once and the CR behind them: `HTTP/1.1`. True when the line goes on as it should. */
  #readVersion(bytes: Uint8Array, at: number, to: number): boolean {
    if (to - at < REQUEST_VERSION.length + 2) {
      if (startsLike(bytes, at, Math.min(to, at + HTTP_NAME))) return false;
      this.fail(400, NO_VERSION);
      return false;
    }
    if (!this.#readMinor(bytes, at)) return false;
    at += REQUEST_VERSION.length + 1;
    if (bytes[at] !== CR) {
      this.fail(400, `the request line ${bytes[at] === LF ? 'does not end in CRLF' : 'is malformed'}`);
      return false;
    }
    this.lineEnd = at;
    this.at = at + 1;
    this.state = LINE_LF;
    return true;
  }

  /** `HTTP/1.1 200` and the byte behind it. Some servers leave out the space before an empty reason. */
  #readStatus(bytes: Uint8Array, at: number, to: number): boolean {
    if (to - at < 13) {
      if (startsLike(bytes, at, Math.min(to, at + HTTP_NAME))) return false;
      this.fail(400, NO_VERSION);
      return false;
    }
    if (!this.#readMinor(bytes, at)) return false;
    const hundreds = digitAt(bytes, at + 9);
    const tens = digitAt(bytes, at + 10);
    const ones = digitAt(bytes, at + 11);
    const behind = bytes[at + 12];
    if (bytes[at + 8] !== SP || hundreds < 1 || tens < 0 || ones < 0 || (behind !== SP && behind !== CR)) {
      this.fail(400, behind === LF && ones >= 0 ? UNENDED_STATUS_LINE : 'the status line is malformed');
      return false;
    }
    this.status = hundreds * 100 + tens * 10 + ones;
    this.at = this.reasonStart = at + 12;
    this.state = REASON;
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
    if (isHttp) this.fail(505, 'only HTTP/1.0 and HTTP/1.1 are spoken here');
    else this.fail(400, NO_VERSION);
    return false;
  }
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
