/** What the handler sees of a request. */
import type { RequestHead } from '../engine.ts';
import { readAgain, returnReader, type HeadReader } from './head-reader.ts';
import { startsLike } from './bytes.ts';
import { isCalled, nameOf, valueOf } from './fields.ts';
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
    this.upgrade = request.upgrade !== undefined;
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
    const { reader } = this;
    const text = this.#text;
    let value: string | undefined;
    for (let field = 0; field < reader.count; field += 1) {
      if (!isCalled(reader, text, field, name)) continue;
      const one = valueOf(reader, text, field);
      // RFC 9110 §5.3, and RFC 9113 §8.2.3 for what HTTP/2 alone splits.
      value = value === undefined ? one : `${value}${name === 'cookie' ? '; ' : ', '}${one}`;
    }
    return value;
  }

  fieldsLike(prefix: string): readonly string[] {
    const { reader } = this;
    const text = this.#text;
    let names = NO_NAMES;
    for (let field = 0; field < reader.count; field += 1) {
      const from = (reader.marks[field * MARKS] as number) - reader.start;
      if (startsLike(text, from, prefix)) names = [...names, nameOf(reader, text, field)];
    }
    return names;
  }
}

const NO_NAMES: readonly string[] = [];
