import { describe, expect, it } from 'vitest';

import { renderHar } from '../../../src/cli/render/har.ts';
import { requestLine } from '../../../src/cli/render/requests.ts';
import { stripVTControlCharacters } from 'node:util';
import type { RequestEvent } from '../../../src/protocol/messages.ts';

const request = (more: Partial<RequestEvent> = {}): RequestEvent => ({
  time: new Date(2027, 0, 2, 3, 4, 5, 67).getTime(),
  method: 'GET',
  host: 'api.localhost:7267',
  path: '/users?id=1&x=%20',
  status: 200,
  bytes: 1_234,
  complete: true,
  duration: 12.3,
  held: 0.1,
  stack: 'shop',
  service: 'api',
  port: 'http',
  target: '127.0.0.1:20000',
  ...more,
});

describe('a line', () => {
  const line = (more: Partial<RequestEvent> = {}): string =>
    stripVTControlCharacters(requestLine(request(more), 6));

  it('says when, what, how long, how much, who and where', () => {
    expect(line()).toBe(
      '03:04:05.067  200  GET       12 ms    1.2 kB  api     api.localhost:7267/users?id=1&x=%20',
    );
  });

  it.each([
    [{ bytes: 0 }, ' 0 B '],
    [{ bytes: 999 }, ' 999 B '],
    [{ bytes: 1_000 }, ' 1.0 kB '],
    [{ bytes: 2_345_678 }, ' 2.3 MB '],
    [{ held: 1_300 }, '(waited 1.3 s)'],
    [{ complete: false }, '(broken off)'],
    [{ status: undefined, complete: false, held: 30 }, '---'],
    [{ status: undefined, complete: false, held: 30 }, '(waited 30 ms, the client left)'],
    [{ service: undefined }, '  -       api.localhost'],
  ])('of %j holds %j', (more, text) => {
    expect(line(more)).toContain(text);
  });

  it('moves no cursor', () => {
    const line = requestLine(request({ path: '/a\u009b2J\u001b[2Jb\u000ec' }), 3);
    expect(line).toContain('/ab\ufffdc');
    // Its own colours aside.
    expect(stripVTControlCharacters(line)).not.toMatch(/\p{Cc}/u);
  });
});

describe('an archive', () => {
  it('has what HAR 1.2 asks for, in order of time', () => {
    const { log } = renderHar([request({ time: 2_000, held: 2 }), request({ time: 1_000 })], '1.0.0');
    expect(log.version).toBe('1.2');
    expect(log.creator).toEqual({ name: 'portramp', version: '1.0.0' });
    const [first, second] = log.entries;
    expect(first?.startedDateTime).toBe('1970-01-01T00:00:01.000Z');
    expect(second).toEqual({
      startedDateTime: '1970-01-01T00:00:02.000Z',
      time: 12.3,
      request: {
        method: 'GET',
        url: 'http://api.localhost:7267/users?id=...&x=...',
        httpVersion: 'HTTP/1.1',
        cookies: [],
        headers: [],
        queryString: [
          { name: 'id', value: '...' },
          { name: 'x', value: '...' },
        ],
        headersSize: -1,
        bodySize: -1,
      },
      response: {
        status: 200,
        statusText: 'OK',
        httpVersion: 'HTTP/1.1',
        cookies: [],
        headers: [],
        content: { size: 1_234, mimeType: 'x-unknown' },
        redirectURL: '',
        headersSize: -1,
        bodySize: 1_234,
      },
      cache: {},
      timings: { blocked: 2, dns: -1, connect: -1, send: 0, wait: 10.3, receive: 0 },
      _complete: true,
      _stack: 'shop',
      _service: 'api',
      _port: 'http',
      _target: '127.0.0.1:20000',
    });
  });

  it.each(['?access_token=s3cr3t&code=s3cr3t', '?s3cr3t', '?a=1?s3cr3t=s3cr3t', '?%61=s3cr3t=', '?=s3cr3t'])(
    'keeps no secret of a query: %s',
    (query) => {
      const text = JSON.stringify(renderHar([request({ path: `/callback${query}` })], '1.0.0'));
      expect(text).toContain('/callback?');
      expect(text).not.toContain('=s3cr3t');
      expect(text).not.toContain('"s3cr3t');
    },
  );

  it('has a request without an answer, as browsers write it', () => {
    const { log } = renderHar([request({ status: undefined, complete: false })], '1.0.0');
    expect(log.entries[0]?.response).toMatchObject({ status: 0, statusText: '' });
  });
});
