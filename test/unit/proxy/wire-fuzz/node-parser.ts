/** Reads a stream with the parser of Node's own HTTP server and client (llhttp). */
import { createRequire } from 'node:module';

import type { Case } from './mutate.ts';
import type { Message, Reading } from './reading.ts';

/** Not documented, but the very object that `node:http` uses; its shape is the same from Node 18 to 24. */
interface HttpParser {
  initialize(type: number, resource: object, maxHeaderSize: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: unknown;
}

interface HttpParserClass {
  new (): HttpParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: HttpParserClass;
  methods: readonly string[];
};

/** More than any case has: sizes are not what is compared. */
const MAX_HEAD = 1 << 20;

/** What the callback of a head answers: whether a body is read. */
const [WITH_BODY, WITHOUT_BODY] = [0, 1] as const;

export function readWithNode({ kind, text, cuts, toHead }: Case): Reading {
  const messages: Message[] = [];
  // Once it has flushed something, it hands out everything in parts.
  let pending: string[] = [];
  let target = '';
  let upgraded = false;
  const create = (): HttpParser => {
    const parser = new HTTPParser();
    parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, MAX_HEAD);
    parser[HTTPParser.kOnHeaders] = (headers: string[], url: string) => {
      pending = [...pending, ...headers];
      target += url;
    };
    parser[HTTPParser.kOnHeadersComplete] = (...parts: unknown[]) => {
      const [, minor, headers, method, url, status, , upgrade] = parts;
      const fields = pairs([...pending, ...((headers as string[] | undefined) ?? [])]);
      const path = `${target}${(url as string | undefined) ?? ''}`;
      const line = kind === 'request' ? `${methods[method as number]} ${path}` : String(status);
      messages.push({ line, minor: minor as number, fields, body: '', trailers: [], complete: false });
      pending = [];
      target = '';
      upgraded = upgrade as boolean;
      return toHead || (kind === 'response' && Number(status) < 200) ? WITHOUT_BODY : WITH_BODY;
    };
    parser[HTTPParser.kOnBody] = (piece: Buffer) => {
      last(messages).body += piece.toString('latin1');
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      last(messages).trailers = pairs(pending);
      last(messages).complete = true;
      pending = [];
      target = '';
    };
    return parser;
  };

  // It is of no use behind a request to upgrade; a server that ignores the wish goes on with the next request.
  let parser = create();
  const edges = [0, ...cuts, text.length];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    let piece = Buffer.from(text.slice(edges[index], edges[index + 1]), 'latin1');
    while (piece.length > 0) {
      const read = parser.execute(piece);
      if (typeof read !== 'number') return { messages, refused: codeOf(read) };
      piece = piece.subarray(read);
      if (upgraded && messages.at(-1)?.complete === true) {
        upgraded = false;
        parser = create();
      } else if (piece.length > 0) {
        // In the body of a request to upgrade errors are not reported; it only does not get further.
        return { messages, refused: 'stopped' };
      }
    }
  }
  return { messages, refused: codeOf(parser.finish()) };
}

const codeOf = (error: NodeJS.ErrnoException | undefined): string | undefined =>
  error?.code ?? error?.message;

const last = (messages: readonly Message[]): Message => messages[messages.length - 1] as Message;

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    result.push([(flat[index] as string).toLowerCase(), flat[index + 1] as string]);
  }
  return result;
}
