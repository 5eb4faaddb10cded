/** What the handler sees of a request. */
import type { RequestHead } from '../engine.ts';
import { readAgain, returnReader, type HeadReader } from './head-reader.ts';
import { MARKS } from './lexer.ts';
import type { Request } from './request.ts';

/** It may be kept: the reader that marks its fields is given back when it is not needed, and borrowed again. */
export class WireRequestHead implements RequestHead {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly upgrade: boolean;
  readonly remoteAddress: string;
  readonly #text: string;
  #reader: HeadReader | undefined;

  /** @param reader has read the request; it is the head's from now on */
  constructor(request: Request, remoteAddress: string, reader: HeadReader) {
    this.method = request.method;
    this.path = request.target;
    this.host = request.host;
    this.upgrade = request.upgrade;
    this.remoteAddress = remoteAddress;
    this.#text = request.text;
    this.#reader = reader;
  }

  /** Where the fields are; valid until `release`. */
  get reader(): HeadReader {
    return (this.#reader ??= readAgain(this.#text));
  }

  release(): void {
    if (this.#reader !== undefined) returnReader(this.#reader);
    this.#reader = undefined;
  }

  field(name: string): string | undefined {
    const { marks, start, count } = this.reader;
    let value: string | undefined;
    for (let mark = 0; mark < count * MARKS; mark += MARKS) {
      const from = (marks[mark] as number) - start;
      if ((marks[mark + 1] as number) - start - from !== name.length) continue;
      if (!startsLike(this.#text, from, name)) continue;
      const one = this.#text.slice((marks[mark + 2] as number) - start, (marks[mark + 3] as number) - start);
      // RFC 9110 §5.3, and RFC 6265 §5.4 for what is split in HTTP/2 alone.
      value = value === undefined ? one : `${value}${name === 'cookie' ? '; ' : ', '}${one}`;
    }
    return value;
  }

  fieldsLike(prefix: string): readonly string[] {
    const { marks, start, count } = this.reader;
    let names = NO_NAMES;
    for (let mark = 0; mark < count * MARKS; mark += MARKS) {
      const from = (marks[mark] as number) - start;
      if (!startsLike(this.#text, from, prefix)) continue;
      names = [...names, this.#text.slice(from, (marks[mark + 1] as number) - start).toLowerCase()];
    }
    return names;
  }
}

const NO_NAMES: readonly string[] = [];

/** Does `word` (lower case, of token characters) stand there, in any case? */
function startsLike(text: string, from: number, word: string): boolean {
  for (let index = 0; index < word.length; index += 1) {
    // Among token characters this folds A-Z to a-z and maps no other pair together but ^ and ~.
    if ((text.charCodeAt(from + index) | 0x20) !== (word.charCodeAt(index) | 0x20)) return false;
  }
  return true;
}
