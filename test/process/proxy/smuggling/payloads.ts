/**
 * Streams of bytes in which a request is hidden: in a body whose length two readers could see differently, behind a
 * line that one of them does not end, in an extension, a trailer, or behind an offer to switch protocols.
 */
import { CODING_LINES, LENGTH_LINES } from './forms.ts';

export interface Payload {
  readonly name: string;
  readonly text: string;
}

/** The path of a request that stands in the open, and that of the hidden one. */
export const openPath = (id: number): string => `/open-${id}`;
export const hiddenPath = (id: number): string => `/hidden-${id}`;

const hidden = (id: number): string => `GET ${hiddenPath(id)} HTTP/1.1\r\nHost: a\r\nX: `;
const whole = (id: number): string => `GET ${hiddenPath(id)} HTTP/1.1\r\nHost: a\r\n\r\n`;

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'LIST',
] as const;

const post = (id: number, lines: string, body: string, method = 'POST', version = '1.1'): string =>
  `${method} ${openPath(id)} HTTP/${version}\r\nHost: a\r\n${lines}\r\n\r\n${body}`;

/** Both fields, each in every form: who goes by the one sees a body, who goes by the other a second request. */
function* bothFields(): Generator<(id: number) => string> {
  for (const coding of CODING_LINES) {
    for (let form = 0; form < LENGTH_LINES(0).length; form += 1) {
      // Read as chunks it ends before the hidden request; read by its length, behind.
      yield (id) => {
        const body = `0\r\n\r\n${hidden(id)}`;
        return post(id, `${coding}\r\n${LENGTH_LINES(body.length)[form]}`, `${body}z\r\n\r\n`);
      };
      // Read by its length it ends behind the first size; read as chunks, behind the hidden request.
      yield (id) => {
        const inner = whole(id);
        const size = inner.length.toString(16);
        return post(
          id,
          `${LENGTH_LINES(size.length + 2)[form]}\r\n${coding}`,
          `${size}\r\n${inner}\r\n0\r\n\r\n`,
        );
      };
    }
  }
}

/** One of the fields, in every form, with every method and version. */
function* oneField(): Generator<(id: number) => string> {
  for (const method of METHODS) {
    for (const version of ['1.1', '1.0']) {
      for (let form = 0; form < LENGTH_LINES(0).length; form += 1) {
        yield (id) => post(id, LENGTH_LINES(whole(id).length)[form] ?? '', whole(id), method, version);
      }
    }
    for (const coding of CODING_LINES) yield (id) => post(id, coding, `0\r\n\r\n${whole(id)}`, method);
  }
}

/** Ends of lines, sizes and extensions of chunks; `@` stands for the hidden request, `#` for its size. */
const CHUNKS: readonly string[] = [
  '#\n@\n0\n\n',
  '#\r@\r\n0\r\n\r\n',
  '#\r\r\n@\r\n0\r\n\r\n',
  '# \r\n@\r\n0\r\n\r\n',
  ' #\r\n@\r\n0\r\n\r\n',
  '0x#\r\n@\r\n0\r\n\r\n',
  '+#\r\n@\r\n0\r\n\r\n',
  '-#\r\n@\r\n0\r\n\r\n',
  '#;\n@\r\n0\r\n\r\n',
  '#;a=\n@\r\n0\r\n\r\n',
  '#;a="\r\n@\r\n0\r\n\r\n"\r\n',
  '#;\r@\r\n0\r\n\r\n',
  '0;\n@\r\n0\r\n\r\n',
  '0\n\n@',
  '0\r\n\n@',
  '0\n\r\n@',
  '0\r\r\n\r\n@',
  '0\r\n\r@',
  '00000000000000000\r\n\r\n@',
  '10000000000000000\r\n@',
  '100000000\r\n@',
  'fffffffffffffffff\r\n@',
  '1\r\nxX0\r\n\r\n@',
  '1\r\nx\n0\r\n\r\n@',
  '1\r\nx\r0\r\n\r\n@',
  '1\r\nx0\r\n\r\n@',
  '5\r\nx\r\n0\r\n\r\n@',
  '0\r\nContent-Length: 5\r\n\r\n@',
  '0\r\nTransfer-Encoding: chunked\r\n\r\n@',
  '0\r\nX: y\n\r\n@',
  '0\r\nX : y\r\n\r\n@',
  '0\r\n X: y\r\n\r\n@',
  '0\r\nX: y\r\n@',
  '0\r\nX\r\n\r\n@',
  '0\r\n: y\r\n\r\n@',
  '0\r\nHost: b\r\n\r\n@',
  '0;a b\r\n\r\n@',
  '0 0\r\n\r\n@',
  '0_\r\n\r\n@',
  '#_\r\n@\r\n0\r\n\r\n',
  '#,\r\n@\r\n0\r\n\r\n',
  '#\t;a\r\n@\r\n0\r\n\r\n',
  '#\x0b\r\n@\r\n0\r\n\r\n',
  '#\0\r\n@\r\n0\r\n\r\n',
  '#;a\0\r\n@\r\n0\r\n\r\n',
  '#;\x85\r\n@\r\n0\r\n\r\n',
];

function* chunks(): Generator<(id: number) => string> {
  for (const form of CHUNKS) {
    for (const method of ['POST', 'GET', 'PUT', 'DELETE']) {
      for (const coding of ['chunked', 'Chunked', 'chunked ']) {
        yield (id) => {
          const inner = whole(id);
          const body = form.replace('#', () => inner.length.toString(16)).replace('@', () => inner);
          return post(id, `Transfer-Encoding: ${coding}`, body, method);
        };
      }
    }
  }
}

/** First lines, and what stands before them or behind; `#` stands for the open path, `@` for the hidden request. */
const LINES: readonly string[] = [
  'GET # HTTP/1.1\nHost: a\n\n@',
  'GET # HTTP/1.1\r\nHost: a\n\n@',
  'GET # HTTP/1.1\n\r\n@',
  'GET # HTTP/1.1\rHost: a\r\r@',
  'GET #\r\n\r\n@',
  'GET # HTTP/0.9\r\n\r\n@',
  'GET # HTTP/1.1\r\n\r\n@',
  '\r\n\r\n@',
  '\n@',
  '\r@',
  ' @',
  '\tGET # HTTP/1.1\r\nHost: a\r\n\r\n@',
  '\r\n@',
  'GET # x HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #\tHTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET  # HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #  HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #\x0b HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #\xa0HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #\x85 HTTP/1.1\r\nHost: a\r\n\r\n@',
  'GET #\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET # HTTP/1.1 \r\nHost: a\r\n\r\n@',
  'GET # HTTP/1.1x\r\nHost: a\r\n\r\n@',
  'GET # HTTP/01.1\r\nHost: a\r\n\r\n@',
  'GET # HTTP/1.10\r\nHost: a\r\n\r\n@',
  'GET # HTTP/2.0\r\nHost: a\r\n\r\n@',
  'GET # http/1.1\r\nHost: a\r\n\r\n@',
  'get # HTTP/1.1\r\nHost: a\r\n\r\n',
  'head # HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET http://a# HTTP/1.1\r\nHost: b\r\n\r\n@',
  'GET http://b@a# HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET //b# HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: a\r\n\r\n@',
  'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n@',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n@',
  'GET # HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n@',
  'GET # HTTP/1.1\r\nHost : a\r\n\r\n@',
  'GET # HTTP/1.1\r\nHost: a\r\n : \r\n\r\n@',
  'GET # HTTP/1.1\r\nHost: a\r\nX: y\0\r\n\r\n@',
  'GET # HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n@',
  'GET # HTTP/1.1\r\nHost: a\r\nX\r\n\r\n@',
];

/** Offers to switch protocols with something behind them, and expectations. */
function* offers(): Generator<(id: number) => string> {
  const protocols = [
    'websocket',
    'WebSocket',
    'h2c',
    'HTTP/1.1',
    'TLS/1.0',
    'x',
    'websocket, h2c',
    'websocket\r\nUpgrade: x',
    'raw',
  ];
  const lines = [
    'Connection: Upgrade',
    'Connection: keep-alive, Upgrade',
    'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  ];
  for (const method of METHODS) {
    for (const protocol of protocols) {
      for (const line of lines) {
        const fields = `${line}\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==`;
        yield (id) => post(id, fields, whole(id), method);
        yield (id) => post(id, `${fields}\r\nContent-Length: ${whole(id).length}`, whole(id), method);
      }
    }
    for (const expect of [
      '100-continue',
      '100-Continue',
      '100-continue, x',
      'x',
      '\t100-continue ',
      '100-continue\r\nExpect: 100-continue',
    ]) {
      yield (id) => post(id, `Expect: ${expect}\r\nContent-Length: ${whole(id).length}`, whole(id), method);
      yield (id) => post(id, `Expect: ${expect}\r\nContent-Length: 0`, whole(id), method);
      yield (id) =>
        post(id, `Expect: ${expect}\r\nTransfer-Encoding: chunked`, `0\r\n\r\n${whole(id)}`, method);
    }
  }
}

function* lines(): Generator<(id: number) => string> {
  for (const form of LINES) yield (id) => form.replace('#', () => openPath(id)).replace('@', () => whole(id));
}

/** All of them, numbered. */
export function createPayloads(): Payload[] {
  const kinds = { bothFields, oneField, chunks, offers, lines };
  const makers = Object.entries(kinds).flatMap(([name, kind]) => [...kind()].map((make) => ({ name, make })));
  return makers.map(({ name, make }, id) => ({ name, text: make(id) }));
}
