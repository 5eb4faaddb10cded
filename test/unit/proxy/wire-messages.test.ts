/** What heads mean, and what becomes of them. */
import { describe, expect, it } from 'vitest';

import { forwardRequest, forwardResponse } from '../../../src/proxy/engine/wire/forward-head.ts';
import { isProblem } from '../../../src/proxy/engine/wire/problem.ts';
import { WireRequestHead } from '../../../src/proxy/engine/wire/request-head.ts';
import { readRequest } from '../../../src/proxy/engine/wire/request.ts';
import { readResponse } from '../../../src/proxy/engine/wire/response.ts';
import { read, request, requestOrProblem, responseOrProblem } from './wire-heads.ts';

const get = (fields: string, line = 'GET / HTTP/1.1'): string => `${line}\r\n${fields}\r\n`;

describe('a request', () => {
  it.each([
    ['none', 'Host: a\r\n', { kind: 'none' }],
    ['a length', 'Host: a\r\nContent-Length: 12\r\n', { kind: 'length', length: 12 }],
    ['a length of nothing', 'Host: a\r\ncontent-length: 0\r\n', { kind: 'none' }],
    ['chunks', 'Host: a\r\nTRANSFER-ENCODING: Chunked\r\n', { kind: 'chunked' }],
  ])('has a body: %s', (_, fields, framing) => {
    expect(request(get(fields)).framing).toEqual(framing);
  });

  it.each([
    'Content-Length: 1\r\nContent-Length: 1\r\n',
    'Content-Length: 1, 1\r\n',
    'Content-Length: +1\r\n',
    'Content-Length: 0x1\r\n',
    'Content-Length: 1 1\r\n',
    'Content-Length:\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 99999999999999999999\r\n',
    'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nContent-Length: 1\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\n',
    'Transfer-Encoding: chunked;q=1\r\n',
    'Transfer-Encoding: "chunked"\r\n',
    'Transfer-Encoding: \x0bchunked\r\n',
    'Transfer-Encoding: chunked,\r\n',
    'Transfer-Encoding:\r\n',
    'Connection: a b\r\n',
  ])('is refused for %j', (fields) => {
    expect(requestOrProblem(get(`Host: a\r\n${fields}`))).toMatchObject({ status: 400 });
  });

  it.each(['a', 'A.b-c_d~:81', '127.0.0.1', '[::1]', '[::1]:80', 'a:', ''])(
    'may have the Host %j',
    (host) => {
      expect(request(get(`Host: ${host}\r\n`)).host).toBe(host);
    },
  );

  it.each(['a b', 'a/b', 'a@b', 'a:b', '[::1', '::1', 'a?b', 'a#b', 'a:123456', '\xfc', 'a,b c', '[g]'])(
    'may not have the Host %j',
    (host) => {
      expect(requestOrProblem(get(`Host: ${host}\r\n`))).toMatchObject({ status: 400 });
    },
  );

  it.each([
    ['GET http://a/x?y HTTP/1.1', '/x?y'],
    ['GET HTTP://A:80 HTTP/1.1', '/'],
    ['GET http://a?x HTTP/1.1', '/?x'],
    ['OPTIONS http://a HTTP/1.1', '*'],
    ['OPTIONS * HTTP/1.1', '*'],
    ['GET //a/b HTTP/1.1', '//a/b'],
  ])('with the line %j asks for %j', (line, target) => {
    expect(request(get('Host: a\r\n', line)).target).toBe(target);
  });

  it.each([
    'GET * HTTP/1.1',
    'GET a HTTP/1.1',
    'GET a:80 HTTP/1.1',
    'GET http:///x HTTP/1.1',
    'GET https://a/ HTTP/1.1',
    'CONNECT a:80 HTTP/1.1',
  ])('with the line %j is refused', (line) => {
    expect(requestOrProblem(get('Host: a\r\n', line))).toMatchObject({ status: 400 });
  });

  it('is a handshake only as RFC 6455 has it', () => {
    const handshake = 'Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n';
    expect(request(get(handshake)).upgrade).toBe('websocket');
    expect(request(get(handshake, 'POST / HTTP/1.1')).upgrade).toBeUndefined();
    expect(request(get(handshake, 'GET / HTTP/1.0')).upgrade).toBeUndefined();
    expect(request(get(`${handshake}Content-Length: 3\r\n`)).upgrade).toBeUndefined();
    expect(request(get(`${handshake}Upgrade: h2c, foo\r\n`)).upgrade).toBe('websocket, foo');
    expect(request(get(`${handshake}Upgrade: foo\r\n`, 'POST / HTTP/1.1')).upgrade).toBe('foo');
    expect(request(get('Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n')).upgrade).toBeUndefined();
    expect(request(get('Host: a\r\nUpgrade: websocket\r\n')).upgrade).toBeUndefined();
  });

  it('is shown to the handler with joined fields, also when its reader is gone', () => {
    const text = get(
      'HOST:a\r\nCookie: a=1\r\ncookie: b=2\r\nX-y:  1 \r\nx-Y:\t2\r\nX-YZ:\r\n__proto__: p\r\n',
    );
    const { reader } = read('request', text);
    const head = new WireRequestHead(request(text), '127.0.0.1', reader);
    for (const release of [false, true]) {
      if (release) head.release();
      expect(['host', 'cookie', 'x-y', 'x-yz', '__proto__', 'x'].map((name) => head.field(name))).toEqual([
        'a',
        'a=1; b=2',
        '1, 2',
        '',
        'p',
        undefined,
      ]);
      expect(head.fieldsLike('x-')).toEqual(['x-y', 'x-y', 'x-yz']);
    }
  });
});

/** What a target gets of a request. */
function forward(text: string, overrides: Record<string, string | undefined> = {}): string {
  const { reader } = read('request', text);
  const asked = readRequest(reader);
  if (isProblem(asked)) throw new Error(asked.reason);
  return forwardRequest(reader, asked, overrides, { protocol: 'http', host: 'target', port: 1 });
}

describe('a forwarded request', () => {
  it('keeps the fields as they came, in their order', () => {
    const fields =
      'host: A\r\nX-A:  spaced \r\nCookie: a\r\nx-a: 2\r\nContent-Length: 3\r\nExpect: 100-continue\r\n';
    expect(forward(get(fields, 'PUT /x HTTP/1.1'))).toBe(get(fields, 'PUT /x HTTP/1.1'));
  });

  it('expects nothing for HTTP/1.0, which has no interim responses', () => {
    const old = 'POST /x HTTP/1.0';
    expect(forward(get('Host: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n', old))).toBe(
      get('Host: a\r\nContent-Length: 3\r\n', 'POST /x HTTP/1.1'),
    );
  });

  it('leaves out what is for one hop, and what Connection names', () => {
    const fields =
      'Connection: X-One, keep-alive\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\n' +
      'Upgrade: h2c\r\nHTTP2-Settings: x\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\nX-Three: 3\r\n';
    expect(forward(get(fields))).toBe(get('Host: a\r\nX-Two: 2\r\nX-Three: 3\r\n'));
  });

  it('cannot be stripped of what frames or addresses it', () => {
    const fields = 'Host: a\r\nContent-Length: 3\r\n';
    const naming = 'Connection: host, content-length, transfer-encoding\r\n';
    // The body of a GET may be left unread.
    expect(forward(get(`${naming}${fields}`))).toBe(get(`${fields}Connection: close\r\n`));
  });

  it('has the overrides of the decision, in place of what came under the name', () => {
    const fields = 'Host: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Kept: 1\r\nx-forwarded-for: 7\r\nX-Gone: 1\r\n';
    const overrides = { 'x-forwarded-for': '127.0.0.1', 'x-gone': undefined, host: 'b' };
    expect(forward(get(fields), overrides)).toBe(
      get('X-Kept: 1\r\nx-forwarded-for: 127.0.0.1\r\nhost: b\r\n'),
    );
  });

  it.each([
    ['x', 'a\r\nb: c'],
    ['x y', 'a'],
    ['x', '\u2028'],
    ['content-length', '3'],
    ['transfer-encoding', 'chunked'],
    ['connection', 'close'],
  ])('refuses the override %j: %j', (name, value) => {
    expect(() => forward(get('Host: a\r\n'), { [name]: value })).toThrow(TypeError);
  });

  it('has a Host and speaks HTTP/1.1 even when the client does neither', () => {
    expect(forward('GET / HTTP/1.0\r\nX: 1\r\n\r\n')).toBe(
      'GET / HTTP/1.1\r\nHost: target:1\r\nX: 1\r\n\r\n',
    );
    expect(forward('GET http://a/x HTTP/1.0\r\n\r\n')).toBe('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it('asks for trailers on behalf of a client that takes them', () => {
    const fields = 'Host: a\r\nConnection: TE\r\nTE: trailers, deflate;q=0.5\r\n';
    expect(forward(get(fields))).toBe(get('Host: a\r\nConnection: TE\r\nTE: trailers\r\n'));
  });
});

describe('a response', () => {
  const asked = request(get('Host: a\r\n'));
  const head = request(get('Host: a\r\n', 'HEAD / HTTP/1.1'));

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', asked, { kind: 'length', length: 3 }],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', asked, { kind: 'chunked' }],
    ['HTTP/1.1 200 OK\r\n\r\n', asked, { kind: 'close' }],
    ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', head, { kind: 'none' }],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n', asked, { kind: 'none' }],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n', asked, { kind: 'none' }],
    ['HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n', asked, { kind: 'none' }],
  ])('%j is framed', (text, to, framing) => {
    expect(responseOrProblem(text, to)).toMatchObject({ framing });
  });

  it.each([
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    'HTTP/1.0 103 Early Hints\r\nLink: </a>\r\n\r\n',
  ])('%j is of no use', (text) => {
    expect(responseOrProblem(text, asked)).toHaveProperty('reason');
  });

  it('says how long its connection may be kept', () => {
    const kept = (fields: string, version = '1.1'): unknown =>
      responseOrProblem(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`, asked);
    expect(kept('')).toMatchObject({ keepAlive: true, keepAliveFor: undefined });
    expect(kept('Keep-Alive: timeout=5\r\n')).toMatchObject({ keepAlive: true, keepAliveFor: 5_000 });
    expect(kept('Keep-Alive: max=9, timeout=75\r\n')).toMatchObject({ keepAliveFor: 75_000 });
    expect(kept('Connection: close\r\n')).toMatchObject({ keepAlive: false });
    expect(kept('Connection: keep-alive\r\n', '1.0')).toMatchObject({ keepAlive: false });
  });

  it.each([
    [
      'HTTP/1.0 200 Fine\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nSet-Cookie: a\r\nKeep-Alive: 5\r\nSet-Cookie: b\r\n\r\n',
      'HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n',
    ],
    ['HTTP/1.1 200\r\nA: b\r\n\r\n', 'HTTP/1.1 200 \r\nA: b\r\n\r\n'],
    ['HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n', 'HTTP/1.1 204 None\r\n\r\n'],
    ['HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n', 'HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n'],
    [
      'HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, x-hop\r\nUpgrade: foo/2\r\nX-Hop: 1\r\nUpgrade: bar\r\nA: b\r\n\r\n',
      'HTTP/1.1 426 Upgrade Required\r\nA: b\r\nConnection: Upgrade\r\nUpgrade: foo/2, bar\r\n\r\n',
    ],
    // Without what it has to say.
    ['HTTP/1.1 426 Upgrade Required\r\nA: b\r\n\r\n', 'HTTP/1.1 426 Upgrade Required\r\nA: b\r\n\r\n'],
    // It is an offer to this hop alone.
    [
      'HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2\r\nA: b\r\n\r\n',
      'HTTP/1.1 200 OK\r\nA: b\r\n\r\n',
    ],
  ])('%j is forwarded', (text, forwarded) => {
    const { reader } = read('response', text);
    const response = readResponse(reader, asked);
    if (isProblem(response)) throw new Error(response.reason);
    expect(forwardResponse(reader, response, false, false)).toBe(forwarded);
  });

  it.each([
    ['foo', true],
    ['bar/2', true],
    ['BAR/2', true],
    // Layers, the lowest first (RFC 9110 §7.8).
    ['foo, bar/2', true],
    ['baz', false],
    ['bar', false],
    ['h2c', false],
    ['foo, h2c', false],
    ['', false],
  ])('that goes on with %j is taken only where that was offered', (chosen, isTaken) => {
    const offer = request(get('Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c, foo, bar/2\r\n'));
    const response = responseOrProblem(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${chosen}\r\n\r\n`,
      offer,
    );
    expect(isProblem(response) ? response.reason : response.upgrade).toBe(
      isTaken ? chosen : 'it switches protocols unasked',
    );
  });

  it('that requires an upgrade, and ends its connection, says both', () => {
    const { reader } = read('response', 'HTTP/1.1 426 No\r\nUpgrade: foo\r\n\r\n');
    const response = readResponse(reader, asked);
    if (isProblem(response)) throw new Error(response.reason);
    expect(forwardResponse(reader, response, true, false)).toBe(
      'HTTP/1.1 426 No\r\nConnection: Upgrade, close\r\nUpgrade: foo\r\n\r\n',
    );
  });
});
