/**
 * Reads the head of a request or a response, byte for byte and strictly (RFC 9112 §2–§5): lines end in CRLF and
 * nothing else, no space before a colon, no folded lines, no control characters. It may be given the bytes in
 * pieces, and goes on where it stopped. It marks where things are; what they mean is for others to say.
 *
 * A response may have a blank before a colon, which a proxy must remove (RFC 9112 §5.1), and lines that are no fields,
 * which are marked to be left out. Both are never passed on as they came.
 *
 *     request:   START ─▶ METHOD ─▶ TARGET ─▶ VERSION ─┐
 *     response:  STATUS ─▶ REASON ─────────────────────┤
 *                                      LINE_LF ─▶ FIELD ─▶ NAME ─▶ SPACE ─▶ VALUE ─▶ VALUE_LF ─┐
 *     trailers:  ──────────────────────────────────▶ ▲ └─▶ LAST_LF ─▶ done                     │
 *                                                    └─────────────────────────────────────────┘
 *     only in responses:   NAME ─▶ BLANK ─▶ SPACE      NAME, BLANK, VALUE ─▶ REST ─▶ VALUE_LF
 */
import { COLON, CR, FIELD_VALUE, LF, LINE, TOKEN, isBlank, skip } from './bytes.ts';
import { FIELD as NAMES, identify, isEssential, type FieldId } from './field-names.ts';
import { MAX_FIELDS, MAX_HEAD, MAX_RESPONSE_FIELDS, MAX_RESPONSE_HEAD } from './limits.ts';
import { FirstLineLexer, STATE } from './first-line.ts';

export type HeadKind = 'request' | 'response' | 'trailers';
export type Outcome = 'more' | 'done' | 'bad';

const { START, STATUS, FIELD, NAME, BLANK, SPACE, VALUE, REST, VALUE_LF, LAST_LF, DONE, BAD } = STATE;

const UNENDED_HEAD = 'the head does not end in CRLF';

/** Numbers per field in `HeadLexer.marks`. */
export const MARKS = 5;

export class HeadLexer extends FirstLineLexer {
  /** After `done`: where the head ends, behind its empty line. */
  end = 0;
  /** Per field: where its name begins and ends, where its value begins and ends, which name it is. */
  marks = new Int32Array(MAX_FIELDS * MARKS);
  count = 0;
  /** The largest head that is read, in bytes. */
  maxHead = MAX_HEAD;
  /** A field is not as it has to be written: a blank stands before its colon, or it is to be left out. */
  odd = false;
  #lenient = false;

  /** Forgets what was read; the next head begins at `start`. */
  begin(kind: HeadKind, start: number): void {
    this.start = start;
    this.at = start;
    this.count = 0;
    this.problem = undefined;
    this.odd = false;
    this.#lenient = kind === 'response';
    this.maxHead = this.#lenient ? MAX_RESPONSE_HEAD : MAX_HEAD;
    // What an unusual head needed is not kept for the usual ones.
    if (this.marks.length > MAX_FIELDS * MARKS) this.marks = new Int32Array(MAX_FIELDS * MARKS);
    this.state = kind === 'request' ? START : kind === 'response' ? STATUS : FIELD;
    if (kind === 'trailers') this.lineEnd = start - 2;
  }

  /** Reads on in the same bytes (or a longer copy of them), up to `to`. */
  read(bytes: Uint8Array, to: number): Outcome {
    const limit = Math.min(to, this.start + this.maxHead);
    this.readFirstLine(bytes, limit);
    if (this.state >= FIELD && this.state < DONE) this.#readFields(bytes, limit);
    if (this.state === DONE) return 'done';
    if (this.state === BAD) return 'bad';
    if (limit === to) return 'more';
    this.fail(431, `the head is larger than ${this.maxHead / 1024} KiB`);
    return 'bad';
  }

  idOf(field: number): FieldId {
    return this.marks[field * MARKS + 4] as FieldId;
  }

  /**
   * `*( field-name ":" OWS field-value OWS CRLF ) CRLF` (RFC 9112 §5). One state behind the other, so that a field
   * that lies there whole, as nearly all do, is read straight through.
   */
  #readFields(bytes: Uint8Array, to: number): void {
    let { marks } = this;
    let at = this.at;
    let state = this.state;
    let mark = this.count * MARKS;
    while (at < to) {
      if (state === FIELD) {
        if (bytes[at] === CR) {
          at += 1;
          state = LAST_LF;
          if (at === to) break;
        } else {
          if (mark === marks.length) {
            if (!this.#makeRoom()) return;
            marks = this.marks;
          }
          marks[mark] = at;
          state = NAME;
        }
      }
      if (state === LAST_LF) {
        if (bytes[at] !== LF) return this.fail(400, UNENDED_HEAD);
        this.end = at + 1;
        this.state = DONE;
        return;
      }
      if (state === NAME) {
        at = skip(TOKEN, bytes, at, to);
        if (at === to) break;
        marks[mark + 1] = at;
        if (bytes[at] === COLON && at > (marks[mark] as number)) {
          at += 1;
          state = SPACE;
        } else {
          state = this.#afterName(bytes, at);
          if (state === BAD) return;
        }
      }
      if (state === BLANK) {
        while (at < to && isBlank(bytes[at])) at += 1;
        if (at === to) break;
        if (bytes[at] === COLON) {
          at += 1;
          state = SPACE;
        } else state = REST;
      }
      if (state === SPACE) {
        while (at < to && isBlank(bytes[at])) at += 1;
        if (at === to) break;
        marks[mark + 2] = at;
        marks[mark + 4] = identify(bytes, marks[mark] as number, marks[mark + 1] as number);
        state = VALUE;
      }
      if (state === VALUE) {
        at = skip(FIELD_VALUE, bytes, at, to);
        if (at === to) break;
        if (bytes[at] === CR) {
          const start = marks[mark + 2] as number;
          let end = at;
          while (end > start && isBlank(bytes[end - 1])) end -= 1;
          marks[mark + 3] = end;
          at += 1;
          state = VALUE_LF;
          if (at === to) break;
        } else {
          state = this.#afterValue(bytes, at);
          if (state === BAD) return;
        }
      }
      if (state === REST) {
        at = skip(LINE, bytes, at, to);
        if (at === to) break;
        if (bytes[at] === LF) return this.fail(400, this.#unendedLine);
        marks[mark + 2] = marks[mark + 3] = at;
        marks[mark + 4] = NAMES.DROPPED;
        this.odd = true;
        at += 1;
        state = VALUE_LF;
        if (at === to) break;
      }
      if (bytes[at] !== LF) return this.fail(400, this.#unendedLine);
      this.count += 1;
      mark += MARKS;
      at += 1;
      state = FIELD;
    }
    this.at = at;
    this.state = state;
  }

  get #lineName(): string {
    return `line ${this.count + 2} of the head`;
  }

  /** Says that one has a bare LF, which a recipient may take for its end (RFC 9112 §2.2) and Node's parser does not. */
  get #unendedLine(): string {
    return `${this.#lineName} does not end in CRLF`;
  }

  /** @returns how the line of a field goes on whose name does not end in a colon */
  #afterName(bytes: Uint8Array, at: number): number {
    const from = this.marks[this.count * MARKS] as number;
    const isFolded = at === from && isBlank(bytes[at]);
    if (this.#lenient && !isFolded && LINE[bytes[at] as number] === 1) {
      this.odd = true;
      return isBlank(bytes[at]) ? BLANK : REST;
    }
    if (isFolded) this.fail(400, `${this.#lineName} is folded`);
    else if (bytes[at] === LF) this.fail(400, at === from ? UNENDED_HEAD : this.#unendedLine);
    else if (isBlank(bytes[at])) this.fail(400, `a blank follows the field name ${quote(bytes, from, at)}`);
    else this.fail(400, `the name of a header field is malformed (${this.#lineName})`);
    return BAD;
  }

  /** @returns how the line of a field goes on whose value has a byte that none may have */
  #afterValue(bytes: Uint8Array, at: number): number {
    const mark = this.count * MARKS;
    const { marks } = this;
    if (this.#lenient && bytes[at] !== LF && !isEssential(marks[mark + 4] as FieldId)) return REST;
    const name = quote(bytes, marks[mark] as number, marks[mark + 1] as number);
    this.fail(400, bytes[at] === LF ? this.#unendedLine : `the value of ${name} has a control character`);
    return BAD;
  }

  /** Makes room for more fields. False if there are too many. */
  #makeRoom(): boolean {
    const most = this.#lenient ? MAX_RESPONSE_FIELDS : MAX_FIELDS;
    if (this.count >= most) {
      this.fail(431, `more than ${most} header fields`);
      return false;
    }
    const larger = new Int32Array(Math.min(2 * this.marks.length, most * MARKS));
    larger.set(this.marks);
    this.marks = larger;
    return true;
  }
}

/** A name for a message, without the bytes that it must not have. */
const quote = (bytes: Uint8Array, from: number, to: number): string =>
  `"${Buffer.from(bytes.subarray(from, Math.min(to, from + 64))).toString('latin1')}"`;
