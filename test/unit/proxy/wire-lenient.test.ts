/** What is accepted beyond the grammar, and that nothing of it is passed on as it came. */
import { describe, expect, it } from 'vitest';

import { BAD } from '../../../src/proxy/engine/wire/body-reader.ts';
import { ChunkedBody } from '../../../src/proxy/engine/wire/chunked.ts';
import { forwardRequest, forwardResponse } from '../../../src/proxy/engine/wire/forward-head.ts';
import { isProblem } from '../../../src/proxy/engine/wire/problem.ts';
import { readRequest } from '../../../src/proxy/engine/wire/request.ts';
import { readResponse } from '../../../src/proxy/engine/wire/response.ts';
import { read, request, requestOrProblem, responseOrProblem } from './wire-heads.ts';

const asked = request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

/** What the client gets of a response's head, wherever that is split. */
function written(fields: string): { readonly fields: string; readonly keepAlive: boolean } {
  const text = `HTTP/1.1 200 OK\r\n${fields}\r\n`;
  const results = Array.from({ length: text.length }, (_, cut) => {
    const { reader } = read('response', text, [cut]);
    const response = readResponse(reader, asked);
    if (isProblem(response)) throw new Error(response.reason);
    const head = forwardResponse(reader, response, false, false);
    return { fields: head.replace(/^.*?\r\n/, '').slice(0, -2), keepAlive: response.keepAlive };
  });
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  return results[0]!;
}

describe('a response', () => {
  it.each([
    ['a blank before a colon', 'X-A : 1\r\nX-B \t:\t2 \r\n', 'X-A: 1\r\nX-B: 2\r\n'],
    ['a blank before the colon of its length', 'Content-Length : 2\r\n', 'Content-Length: 2\r\n'],
    [
      'a blank before the colon of its coding',
      'Transfer-Encoding : chunked\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ['blanks around its length', 'Content-Length:\t2 \t\r\n', 'Content-Length: 2\r\n'],
    [
      'its length twice',
      'Content-Length: 2\r\nA: b\r\ncontent-length: 02\r\n',
      'Content-Length: 2\r\nA: b\r\n',
    ],
    ['its length as a list', 'Content-Length: 2, 2\r\n', 'Content-Length: 2\r\n'],
    [
      'its length as a list, and once more',
      'content-length:02 ,\t2,2\r\nA: b\r\nContent-Length: 2\r\n',
      'Content-Length: 2\r\nA: b\r\n',
    ],
    ['a length of nothing as a list', 'Content-Length: 0, 0\r\n', 'Content-Length: 0\r\n'],
    [
      'its length as a list, and its coding',
      'Content-Length: 2, 2\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    [
      'its coding twice',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ['its coding as a list', 'Transfer-Encoding: chunked, chunked\r\n', 'Transfer-Encoding: chunked\r\n'],
    ['a tab behind its coding', 'Transfer-Encoding: chunked\t\r\n', 'Transfer-Encoding: chunked\r\n'],
    ['its coding in capitals', 'Transfer-Encoding: CHUNKED\r\n', 'Transfer-Encoding: chunked\r\n'],
    [
      'a length and a coding',
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    [
      'a coding and a length',
      'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
      'Transfer-Encoding: chunked\r\n',
    ],
    ['a coding that is none', 'A: b\r\nTransfer-Encoding: Identity\r\n', 'A: b\r\n'],
    [
      'a coding that is none, and its length',
      'transfer-encoding: identity\r\nContent-Length: 2\r\n',
      'Content-Length: 2\r\n',
    ],
    [
      'its length, and a coding that is none, twice',
      'Content-Length: 2\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: identity \r\n',
      'Content-Length: 2\r\n',
    ],
  ])('with %s is written without', (_, fields, expected) => {
    expect(written(fields).fields).toBe(expected);
  });

  it.each([
    [
      'a control character in a value',
      'A: b\r\nSet-Cookie: a=b\x01c\r\nC: d\r\n',
      'Set-Cookie',
      'a control character in its value',
    ],
    ['a NUL in a value', 'A: b\r\nX-N: \0\r\nC: d\r\n', 'X-N', 'a control character in its value'],
    ['a name that is none', 'A: b\r\n(x): 1\r\nC: d\r\n', '(x)', 'not a field name'],
    ['a blank in a name', 'A: b\r\nX Y: 1\r\nC: d\r\n', 'X Y', 'not a field name'],
    ['no name', 'A: b\r\n: 1\r\nC: d\r\n', '', 'not a field name'],
    ['another status line', 'A: b\r\nHTTP/1.1 200 OK\r\nC: d\r\n', 'HTTP/1.1 200 OK', 'not a field name'],
    ['bytes that are no text', 'A: b\r\n\x02\xff"\\\r\nC: d\r\n', '????', 'not a field name'],
  ])(
    'with %s is written without that line, which is named; its connection is used once',
    (_, fields, name, reason) => {
      const { fields: kept, keepAlive } = written(`Content-Length: 2\r\n${fields}`);
      expect(kept).toBe(`Content-Length: 2\r\nA: b\r\nC: d\r\nx-portramp-dropped: "${name}" (${reason})\r\n`);
      expect(keepAlive).toBe(false);
    },
  );

  it('with many such lines names eight of them, each cut short', () => {
    const lines = Array.from({ length: 9 }, (_, index) => `X ${index}${'y'.repeat(100)}: 1\r\n`).join('');
    const { fields } = written(`Content-Length: 2\r\n${lines}`);
    const named = fields.split('x-portramp-dropped: ')[1]?.trimEnd().split(', ') ?? [];
    expect(named).toEqual(
      Array.from({ length: 8 }, (_, index) => `"X ${index}${'y'.repeat(61)}" (not a field name)`),
    );
  });

  it('with a coding that is none has the length that it says, or goes on until the connection ends', () => {
    const framingOf = (fields: string, query = asked): unknown => {
      const response = readResponse(
        read('response', `HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n${fields}\r\n`).reader,
        query,
      );
      return isProblem(response) ? response : response.framing;
    };
    expect(framingOf('Content-Length: 2\r\n')).toEqual({ kind: 'length', length: 2 });
    expect(framingOf('Content-Length: 0\r\n')).toEqual({ kind: 'none' });
    expect(framingOf('')).toEqual({ kind: 'close' });
    expect(framingOf('', request('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'))).toEqual({ kind: 'none' });
  });

  it('with a length that its coding makes void is the last of its connection', () => {
    expect(written('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n').keepAlive).toBe(false);
    expect(written('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n').keepAlive).toBe(true);
  });

  it.each([
    ['Content-Length: 2\r\nContent-Length: 3\r\n', 'Content-Length is given twice, differently'],
    ['Content-Length: 2, 3\r\n', 'Content-Length is given twice, differently'],
    ['Content-Length: 2, 2\r\nContent-Length: 3\r\n', 'Content-Length is given twice, differently'],
    ['Content-Length: 2,\r\n', 'Content-Length is malformed'],
    ['Content-Length: 2,,2\r\n', 'Content-Length is malformed'],
    ['Content-Length: 2 2\r\n', 'Content-Length is malformed'],
    ['Content-Length: identity\r\n', 'Content-Length is malformed'],
    ['Content-Length: 2, -2\r\n', 'Content-Length is malformed'],
    ['Content-Length: 2\x01\r\n', 'the value of "Content-Length" has a control character'],
    ['Transfer-Encoding: chunked\x0b\r\n', 'the value of "Transfer-Encoding" has a control character'],
    ['Transfer-Encoding: gzip, chunked\r\n', 'the only Transfer-Encoding accepted is "chunked"'],
    [
      'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n',
      'the only Transfer-Encoding accepted is "chunked"',
    ],
    [
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
      'the only Transfer-Encoding accepted is "chunked"',
    ],
    ['Transfer-Encoding: identity, chunked\r\n', 'the only Transfer-Encoding accepted is "chunked"'],
    [
      'Transfer-Encoding: identity\r\nContent-Length: 2\r\nContent-Length: 3\r\n',
      'Content-Length is given twice, differently',
    ],
    ['A: b\r\n c\r\n', 'line 3 of the head is folded'],
    ['A: b\nC: d\r\n', 'line 2 of the head does not end in CRLF'],
    ['A: b\r\nContent-Length: 2\n', 'line 3 of the head does not end in CRLF'],
    ['A: b\r\nC\n', 'line 3 of the head does not end in CRLF'],
    ['A: b\r\n\n', 'the head does not end in CRLF'],
    ['A: b\r\n(\n', 'line 3 of the head does not end in CRLF'],
  ])('with %j is refused: %s', (fields, reason) => {
    expect(responseOrProblem(`HTTP/1.1 200 OK\r\n${fields}\r\n`, asked)).toMatchObject({ reason });
  });

  it('may have a head of 256 KiB and 2,048 fields', () => {
    const policy = 'x'.repeat(250 * 1024);
    expect(written1(`Content-Security-Policy: ${policy}\r\n`)).toContain(policy);
    const cookies = Array.from({ length: 2_000 }, (_, index) => `Set-Cookie: c${index}=1\r\n`).join('');
    expect(written1(cookies)).toBe(cookies);
    expect(responseOrProblem(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(2_049)}\r\n`, asked)).toMatchObject({
      reason: 'more than 2048 header fields',
    });
    expect(responseOrProblem(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(256 * 1024)}`, asked)).toMatchObject({
      reason: 'the head is larger than 256 KiB',
    });
  });
});

/** The same as `written`, in one piece. */
function written1(fields: string): string {
  const { reader } = read('response', `HTTP/1.1 200 OK\r\n${fields}\r\n`);
  const response = readResponse(reader, asked);
  if (isProblem(response)) throw new Error(response.reason);
  return forwardResponse(reader, response, false, false)
    .replace(/^.*?\r\n/, '')
    .slice(0, -2);
}

/** What a client gets of chunks, or BAD. */
function passed(text: string, cuts: readonly number[], lenient = true): string | typeof BAD {
  const body = new ChunkedBody({ lenient });
  const edges = [0, ...cuts, text.length];
  let result = '';
  for (let index = 0; index + 1 < edges.length && !body.done; index += 1) {
    const piece = Buffer.from(`~~${text.slice(edges[index], edges[index + 1])}`, 'latin1');
    if (body.read(piece, 2, piece.length) === BAD) return BAD;
    result += piece.toString('latin1', 2, body.passable);
  }
  return body.done ? result + body.tail : BAD;
}

describe('the chunks of a response', () => {
  it.each([
    ['2   \r\nok\r\n0\r\n\r\n', '2\r\nok\r\n0\r\n\r\n'],
    ['2\t\r\nok\r\n0  \r\n\r\n', '2\r\nok\r\n0\r\n\r\n'],
    ['2 ; a = b\r\nok\r\n0\r\n\r\n', '2;a=b\r\nok\r\n0\r\n\r\n'],
    ['2; a ;b\t=\t"c d" ; e\r\nok\r\n0\r\n\r\n', '2;a;b="c d";e\r\nok\r\n0\r\n\r\n'],
    ['2 \r\n k\r\n4 \r\n 0\r\n\r\n0 \r\nX: 1\r\n\r\n', '2\r\n k\r\n4\r\n 0\r\n\r\n0\r\nX: 1\r\n\r\n'],
  ])('%j are passed on without the blanks, wherever they are split', (text, expected) => {
    for (let first = 0; first <= text.length; first += 1) {
      for (const second of [first, Math.min(first + 2, text.length), text.length]) {
        expect(passed(text, [first, second])).toBe(expected);
      }
    }
  });

  it.each([
    ' 2\r\nok\r\n0\r\n\r\n',
    '1 0\r\nok\r\n0\r\n\r\n',
    '2 a\r\nok\r\n0\r\n\r\n',
    '2;a b\r\nok\r\n0\r\n\r\n',
    '2;a=b c\r\nok\r\n0\r\n\r\n',
    '2; \r\nok\r\n0\r\n\r\n',
    '2 \nok\r\n0\r\n\r\n',
    '2\r\n ok\r\n0\r\n\r\n',
    '2\r\nok \r\n0\r\n\r\n',
    `2${' '.repeat(2_000)}\r\nok\r\n0\r\n\r\n`,
  ])('%j are broken', (text) => {
    expect(passed(text, [])).toBe(BAD);
  });

  it.each(['2 \r\nok\r\n0\r\n\r\n', '2; a\r\nok\r\n0\r\n\r\n', '2;a =b\r\nok\r\n0\r\n\r\n'])(
    '%j are none of a request',
    (text) => {
      expect(passed(text, [], false)).toBe(BAD);
    },
  );
});

/** What a target gets of a request's head. */
function forwarded(text: string): string {
  const { reader } = read('request', text);
  const request = readRequest(reader);
  if (isProblem(request)) throw new Error(request.reason);
  return forwardRequest(reader, request, {}, { protocol: 'http', host: 'a', port: 1 });
}

describe('a request', () => {
  it.each([
    [
      'blanks behind its length',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2 \t\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n',
    ],
    [
      'blanks behind its coding',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:  Chunked \r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'zeros before its length',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length:0010\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n',
    ],
    ['an empty line before it', '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'a raw target',
      'GET /\xc3\xbc?q=\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /%C3%BC?q=%C3%A9 HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'a raw target in absolute form',
      'GET http://a/\xff HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /%FF HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'characters that no target has',
      'GET /a\\b|"c"/<d>{e}^`f?g=\\|"<>{}^`&h[]=1 HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /a%5Cb%7C%22c%22/%3Cd%3E%7Be%7D%5E%60f?g=%5C%7C%22%3C%3E%7B%7D%5E%60&h[]=1 HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'such characters in absolute form',
      'GET http://a/b|c HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /b%7Cc HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'what is encoded already',
      "GET /%5c%7C%zz?a=%23+~!$&'()*,;=:@ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%5c%7C%zz?a=%23+~!$&'()*,;=:@ HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ['a method of its own', 'LIST / HTTP/1.1\r\nHost: a\r\n\r\n', 'LIST / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('with %s is written as the grammar has it', (_, text, expected) => {
    expect(forwarded(text)).toBe(expected);
  });

  it('is decided on by the form that is written', () => {
    expect(request('GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n').target).toBe('/%C3%BC');
    expect(request('GET /public\\..\\admin HTTP/1.1\r\nHost: a\r\n\r\n').target).toBe('/public%5C..%5Cadmin');
  });

  it.each(['/#', '/a#b', '/?a#b', 'http://a/#b', 'http://a#b', '#', '*#'])(
    'to %j is refused: some recipients would cut it off, others would not',
    (target) => {
      expect(requestOrProblem(`OPTIONS ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatchObject({
        status: 400,
        reason: 'the request target has a "#": leave out the fragment, or write the character as %23',
      });
    },
  );

  it.each(['http://a\\b/', 'http://a|/', 'http://\xff/', 'http://a"b'])(
    'to %j is refused: what is no host is not made one',
    (target) => {
      expect(requestOrProblem(`GET ${target} HTTP/1.0\r\n\r\n`)).toMatchObject({
        status: 400,
        reason: 'the request target is malformed',
      });
    },
  );

  it.each([
    ['Host: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n', 400, 'Content-Length is given twice'],
    ['Host: a\r\nContent-Length: 2, 2\r\n', 400, 'Content-Length is malformed'],
    [
      'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      400,
      'Transfer-Encoding is given twice',
    ],
    [
      'Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n',
      400,
      'both Content-Length and Transfer-Encoding are given',
    ],
    ['Host: a\r\nX-A : 1\r\n', 400, 'a blank follows the field name "X-A"'],
    ['Host: a\r\nX-A: \x01\r\n', 400, 'the value of "X-A" has a control character'],
    ['Host: a\r\n(x): 1\r\n', 400, 'the name of a header field is malformed (line 3 of the head)'],
    ['Host: a\r\nX: 1\r\n 2\r\n', 400, 'line 4 of the head is folded'],
  ])('with %j is refused: %d %s', (fields, status, reason) => {
    expect(requestOrProblem(`POST / HTTP/1.1\r\n${fields}\r\n`)).toMatchObject({ status, reason });
  });

  it('whose method is another one but for its case is refused', () => {
    expect(requestOrProblem('head / HTTP/1.1\r\nHost: a\r\n\r\n')).toMatchObject({
      status: 501,
      reason: 'the method head is written in capitals: HEAD',
    });
  });
});
