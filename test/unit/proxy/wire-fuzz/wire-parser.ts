/** Reads a stream with the parts of the wire engine, in the order in which its connections use them. */
import { BAD, type BodyReader } from '../../../../src/proxy/engine/wire/body-reader.ts';
import { createBodyReader } from '../../../../src/proxy/engine/wire/body.ts';
import { ChunkedBody } from '../../../../src/proxy/engine/wire/chunked.ts';
import type { Framing } from '../../../../src/proxy/engine/wire/framing.ts';
import { forwardRequest, forwardResponse } from '../../../../src/proxy/engine/wire/forward-head.ts';
import { HeadReader } from '../../../../src/proxy/engine/wire/head-reader.ts';
import { MARKS } from '../../../../src/proxy/engine/wire/lexer.ts';
import { isProblem, type Problem } from '../../../../src/proxy/engine/wire/problem.ts';
import { readRequest, type Request } from '../../../../src/proxy/engine/wire/request.ts';
import { readResponse } from '../../../../src/proxy/engine/wire/response.ts';
import type { Target } from '../../../../src/proxy/engine/engine.ts';
import type { Case } from './mutate.ts';
import type { Message, Reading } from './reading.ts';

/** What responses answer. */
const ASKED: Request = {
  method: 'GET',
  target: '/',
  host: 'a',
  hasHostField: true,
  minor: 1,
  framing: { kind: 'none' },
  connection: { close: false, keepAlive: false, upgrade: false, names: [] },
  upgrade: undefined,
  acceptsTrailers: false,
  logsIn: false,
  text: '',
};

const TARGET: Target = { protocol: 'http', host: 'a', port: 80 };

interface Meaning {
  readonly line: string;
  readonly framing: Framing;
  /** The connection is used for something else behind it. */
  readonly stops: boolean;
  /** The head that goes on. */
  readonly written: string;
}

export function readWithWire(input: Case): Reading {
  const stream = new WireStream(input);
  const edges = [0, ...input.cuts, input.text.length];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    // In one buffer that is used again and again, as a socket's may be.
    const piece = Buffer.from(input.text.slice(edges[index], edges[index + 1]), 'latin1');
    piece.copy(shared);
    stream.push(shared, piece.length);
    shared.fill(0x21, 0, piece.length);
  }
  return stream.end();
}

const shared = Buffer.alloc(64 * 1024);

class WireStream {
  readonly #input: Case;
  readonly #messages: Message[] = [];
  readonly #reader = new HeadReader();
  /** Takes the body apart. */
  #body: BodyReader | undefined;
  /** Passes it on. */
  #passing: BodyReader | undefined;
  #refused: string | undefined;
  /** Nothing more is read, on purpose: the connection ends here. */
  #over = false;
  #endless = false;

  constructor(input: Case) {
    this.#input = input;
    this.#reader.expect(input.kind);
  }

  push(piece: Buffer, to: number): void {
    let at = 0;
    while (at < to && !this.#over)
      at = this.#body === undefined ? this.#readHead(piece, at, to) : this.#readBody(piece, at, to);
  }

  end(): Reading {
    if (this.#endless) this.#last.complete = true;
    // How much goes on of what is refused later depends on the pieces.
    for (const message of this.#messages) if (!message.complete) message.written = '';
    const cut =
      (this.#body !== undefined && !this.#endless) ||
      (this.#body === undefined && this.#reader.begun && !this.#over);
    return { messages: this.#messages, refused: this.#refused ?? (cut ? 'cut off' : undefined) };
  }

  get #last(): Message {
    return this.#messages[this.#messages.length - 1] as Message;
  }

  #readHead(piece: Buffer, from: number, to: number): number {
    const reader = this.#reader;
    const outcome = reader.push(piece, from, to);
    if (outcome === 'more') return to;
    const meaning = outcome === 'bad' ? (reader.problem as Problem) : this.#understand();
    if (isProblem(meaning)) return this.#refuse(meaning.reason, to);
    const next = reader.next;
    this.#messages.push({
      line: meaning.line,
      minor: reader.minor,
      fields: fieldsOf(reader),
      body: '',
      trailers: [],
      complete: false,
      written: meaning.written,
    });
    reader.expect(this.#input.kind);
    this.#over = meaning.stops;
    this.#begin(meaning.framing);
    return next;
  }

  #understand(): Meaning | Problem {
    if (this.#input.kind === 'request') {
      const request = readRequest(this.#reader);
      if (isProblem(request)) return request;
      const { method, framing, connection, minor, upgrade } = request;
      const line = `${method} ${lineTarget(request.text)}`;
      this.#lastOne = connection.close || minor === 0;
      const written = forwardRequest(this.#reader, request, {}, TARGET);
      return { line, framing, stops: upgrade !== undefined, written };
    }
    const response = readResponse(this.#reader, { ...ASKED, method: this.#input.toHead ? 'HEAD' : 'GET' });
    if (isProblem(response)) return response;
    this.#lastOne = response.status >= 200;
    const written = forwardResponse(this.#reader, response, false, false);
    return { line: String(response.status), framing: response.framing, stops: false, written };
  }

  /** Nothing is read behind the message that is being read. */
  #lastOne = false;

  #begin(framing: Framing): void {
    const message = this.#last;
    this.#endless = framing.kind === 'close';
    const onPayload = (piece: Buffer, from: number, to: number): void => {
      message.body += piece.toString('latin1', from, to);
    };
    const lenient = this.#input.kind === 'response';
    this.#body =
      framing.kind === 'chunked' ? new ChunkedBody({ onPayload, lenient }) : createBodyReader(framing);
    this.#passing = createBodyReader(framing, lenient);
    if (this.#body.done) this.#finish();
  }

  #readBody(piece: Buffer, from: number, to: number): number {
    const body = this.#body as BodyReader;
    const end = body.read(piece, from, to);
    if (end === BAD) return this.#refuse('malformed chunks', to);
    if (!(body instanceof ChunkedBody)) this.#last.body += piece.toString('latin1', from, body.passable);
    const passing = this.#passing as BodyReader;
    if (passing.read(piece, from, to) !== end) throw new Error('the body ends in two places');
    this.#last.written +=
      piece.toString('latin1', from, passing.passable) + (passing.done ? passing.tail : '');
    if (body.done) this.#finish();
    return end;
  }

  #finish(): void {
    const message = this.#last;
    message.complete = true;
    message.trailers = trailersOf(this.#body?.tail ?? '');
    this.#body = undefined;
    if (this.#lastOne) this.#over = true;
  }

  #refuse(reason: string, to: number): number {
    this.#refused = reason;
    this.#over = true;
    this.#body = undefined;
    return to;
  }
}

const lineTarget = (text: string): string =>
  text.slice(text.indexOf(' ') + 1, text.lastIndexOf(' ', text.indexOf('\r\n')));

function fieldsOf(reader: HeadReader): [string, string][] {
  return Array.from({ length: reader.count }, (_, field) => {
    const at = (mark: number): number => reader.marks[field * MARKS + mark] as number;
    const name = reader.bytes.toString('latin1', at(0), at(1)).toLowerCase();
    return [name, reader.bytes.toString('latin1', at(2), at(3))];
  });
}

function trailersOf(section: string): [string, string][] {
  const lines = section.split('\r\n').filter((line) => line !== '');
  return lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
  });
}
