/** Makes streams of messages that are nearly right. */
import type { Random } from './random.ts';

export interface Case {
  readonly kind: 'request' | 'response';
  readonly text: string;
  /** Where the text is split into pieces. */
  readonly cuts: readonly number[];
  /** Responses: the request was a HEAD. */
  readonly toHead: boolean;
}

const REQUESTS: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /x?y=z HTTP/1.1\r\nHost: a.localhost:80\r\nAccept: */*\r\nCookie: a=1; b=2\r\nConnection: keep-alive\r\n\r\n',
  'HEAD /h HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'PUT /n HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
  'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1;q="x\\"y"\r\n!\r\n0;z\r\n\r\n',
  'POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
  'GET /h2c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n\r\n',
  'GET http://a/abs HTTP/1.1\r\nHost: a\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /old HTTP/1.0\r\n\r\n',
  'DELETE /d HTTP/1.1\r\nhost: a\r\nExpect: 100-continue\r\ncontent-length: 3\r\nConnection: close\r\n\r\nbye',
];

const RESPONSES: readonly string[] = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: "x"\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\nuntil the end',
  'HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 301\r\nLocation: /x\r\nContent-Length: 0\r\nKeep-Alive: timeout=5\r\n\r\n',
];

/** Bytes and phrases that parsers have read differently before. */
const PHRASES: readonly string[] = [
  [
    '\r\n',
    '\r',
    '\n',
    '\r\n\r\n',
    '\n\n',
    '\0',
    ' ',
    '\t',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '=',
    '#',
    '\x0b',
    '\x0c',
    '\x7f',
  ],
  [
    '\x80',
    '\xa0',
    '\xff',
    '0',
    '1',
    'f',
    'g',
    '-',
    '+',
    '0x',
    '_',
    '(',
    '\r\n ',
    '\r\n\t',
    ' \r\n',
    '\r\r\n',
  ],
  ['Transfer-Encoding: chunked\r\n', 'transfer-encoding: identity\r\n', 'Transfer-Encoding: xchunked\r\n'],
  [
    'Transfer-Encoding : chunked\r\n',
    'Transfer-Encoding:\x0bchunked\r\n',
    'Transfer-Encoding: chunked, chunked\r\n',
  ],
  [
    'Transfer-Encoding: gzip, chunked\r\n',
    'Transfer-Encoding:\r\n chunked\r\n',
    'Transfer_Encoding: chunked\r\n',
  ],
  ['Content-Length: 5\r\n', 'Content-Length: 05\r\n', 'Content-Length: +5\r\n', 'Content-Length: 5, 5\r\n'],
  ['Content-Length: 5 \r\n', 'Content-Length: 5 5\r\n', 'Content-Length: -1\r\n', 'Content-Length: 0x5\r\n'],
  [
    'Content-Length: 18446744073709551617\r\n',
    'Content-Length : 5\r\n',
    'Content-Length:\r\n',
    'Content-Length: 3\r\n',
  ],
  [
    'Host: b\r\n',
    'Host: \r\n',
    'Host: a, b\r\n',
    'Host: a@b\r\n',
    'Connection: close\r\n',
    'Connection: upgrade\r\n',
  ],
  [
    'Upgrade: x\r\n',
    'Expect: 100-continue\r\n',
    ' HTTP/1.0\r\n',
    ' HTTP/1.1\r\n',
    ' HTTP/2.0\r\n',
    ' HTTP/1.1 \r\n',
  ],
  [
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    '0\r\n',
    '00000\r\n',
    '5;\r\n',
    '5 \r\n',
    '5;a="\r\n"\r\n',
    '5;a=b;c\r\n',
    'ffffffffffffffff\r\n',
  ],
  [
    '10000000000000000\r\n',
    '5\n',
    ';\n',
    '0\r\nContent-Length: 3\r\n\r\n',
    '0\r\nX: y\r\n\r\n',
    '\r\nabc',
    '101 ',
    '100 ',
    '204 ',
  ],
  ['Content-Length: 5, 6\r\n', 'Content-Length:5\t\r\n', 'Transfer-Encoding: chunked \r\n', 'X-A : b\r\n'],
  [
    'X-A\t:b\r\n',
    'X-A: \x01\r\n',
    '(x): y\r\n',
    'X Y: z\r\n',
    'no colon\r\n',
    ': z\r\n',
    'Connection : close\r\n',
  ],
  ['5  \r\n', '5 ; a = b\r\n', '5;a\t=\t"b" ;c\r\n', '5 5\r\n', ' 5\r\n', '/\xc3\xbc', '%', 'LIST ', 'get '],
  [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'CONNECT a:80 HTTP/1.1\r\n',
    'http://b/',
    '*',
    '//',
  ],
].flat();

/**
 * llhttp takes a tab behind the coding for a part of its name, and reads such a response until the connection ends. It is
 * a blank like any other (RFC 9110 §5.6.3), for nginx and browsers as well.
 */
const TAB_BEHIND_CODING = /(?<=chunked *)\t(?=[ \t]*\r?\n)/gi;

export function createCase(random: Random): Case {
  const kind = random.below(3) === 0 ? 'response' : 'request';
  const from = kind === 'request' ? REQUESTS : RESPONSES;
  let text = '';
  for (let count = 1 + random.below(3); count > 0; count -= 1) text += random.pick(from);
  for (let count = random.below(5); count > 0; count -= 1) text = mutate(text, random);
  if (random.below(10) === 0) text = text.slice(0, random.below(text.length + 1));
  text = text.replace(TAB_BEHIND_CODING, ' ');
  const cuts = Array.from({ length: random.below(7) }, () => random.below(text.length + 1));
  return {
    kind,
    text,
    cuts: cuts.sort((a, b) => a - b),
    toHead: kind === 'response' && random.below(8) === 0,
  };
}

function mutate(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(8));
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + random.pick(PHRASES) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(PHRASES) + text.slice(end);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 5:
      return insertLine(text, random);
    default:
      return swapCase(text, at, end);
  }
}

/** Where a line begins, which is where most phrases mean something. */
function insertLine(text: string, random: Random): string {
  const lines = text.split('\r\n');
  lines.splice(1 + random.below(lines.length), 0, random.pick(PHRASES).replace(/\r\n$/, ''));
  return lines.join('\r\n');
}

function swapCase(text: string, from: number, to: number): string {
  const part = text.slice(from, to);
  return (
    text.slice(0, from) +
    (part === part.toLowerCase() ? part.toUpperCase() : part.toLowerCase()) +
    text.slice(to)
  );
}
