import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MARKS } from '../../../src/proxy/engine/wire/lexer.ts';
import { MAX_FIELDS, MAX_HEAD } from '../../../src/proxy/engine/wire/limits.ts';
import { read, type Read } from './wire-heads.ts';

/** What was read, as text. */
function fieldsOf({ reader }: Read): [string, string][] {
  return Array.from({ length: reader.count }, (_, field) => {
    const at = (mark: number): number => reader.marks[field * MARKS + mark]!;
    return [reader.bytes.toString('latin1', at(0), at(1)), reader.bytes.toString('latin1', at(2), at(3))];
  });
}

const HEAD = 'GET /a?b HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Blanks: \t a b \t\r\nX-High: \xfc\xff\r\n\r\n';

describe('the lexer', () => {
  it('marks method, target, version and fields', () => {
    const result = read('request', `${HEAD}next`);
    expect(result.outcome).toBe('done');
    expect(result.length).toBe(HEAD.length);
    expect(result.reader.minor).toBe(1);
    expect(fieldsOf(result)).toEqual([
      ['Host', 'a'],
      ['X-Empty', ''],
      ['X-Blanks', 'a b'],
      ['X-High', '\xfc\xff'],
    ]);
  });

  it.each([
    ['HTTP/1.1 200 OK\r\n\r\n', 200, ' OK'],
    ['HTTP/1.0 404 Not Found at all\r\nA: b\r\n\r\n', 404, ' Not Found at all'],
    ['HTTP/1.1 299 \r\n\r\n', 299, ' '],
    ['HTTP/1.1 204\r\n\r\n', 204, ''],
  ])('reads the status line %j', (text, status, reason) => {
    const { outcome, reader } = read('response', text);
    expect(outcome).toBe('done');
    expect(reader.status).toBe(status);
    expect(reader.bytes.toString('latin1', reader.reasonStart, reader.lineEnd)).toBe(reason);
  });

  it('skips one empty line before a request, and no more', () => {
    expect(read('request', `\r\n${HEAD}`)).toMatchObject({ outcome: 'done', length: HEAD.length + 2 });
    expect(read('request', `\r\n\r\n${HEAD}`).outcome).toBe('bad');
    expect(read('request', `\n${HEAD}`).outcome).toBe('bad');
  });

  it('reads the same, wherever the bytes are split', () => {
    for (let first = 0; first <= HEAD.length; first += 1) {
      const result = read('request', `${HEAD}next`, [first]);
      expect(result).toMatchObject({ outcome: 'done', length: HEAD.length });
      expect(fieldsOf(result)).toEqual(fieldsOf(read('request', HEAD)));
    }
    const single = Array.from({ length: HEAD.length - 1 }, (_, index) => index + 1);
    expect(fieldsOf(read('request', HEAD, single))).toEqual(fieldsOf(read('request', HEAD)));
  });

  it('judges any bytes the same, wherever they are split', () => {
    const alphabet = [
      ...'GET /HTTP/1.1\r\nHost: a\t\n\0\x7f\xff'.split(''),
      '\r\n',
      ' HTTP/1.1\r\n',
      'Host: a\r\n',
      '\r\n\r\n',
    ];
    const texts = fc.array(fc.constantFrom(...alphabet), { maxLength: 30 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60), { maxLength: 5 }), fc.boolean(), (text, places, asResponse) => {
        const kind = asResponse ? 'response' : 'request';
        const cuts = places.filter((place) => place < text.length).sort((a, b) => a - b);
        const whole = read(kind, text);
        const split = read(kind, text, cuts);
        expect(split.outcome).toBe(whole.outcome);
        if (whole.outcome === 'done') expect(split.length).toBe(whole.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare LF behind a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n'],
    ['a bare CR before the method', '\rXGET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['no colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    ['no name', 'GET / HTTP/1.1\r\n: a\r\n\r\n'],
    ['a name that is no token', 'GET / HTTP/1.1\r\nH(o)st: a\r\n\r\n'],
    ['a method that is no token', 'G(ET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no method', ' / HTTP/1.1\r\n\r\n'],
    ['no target', 'GET  HTTP/1.1\r\n\r\n'],
    ['two spaces', 'GET  / HTTP/1.1\r\n\r\n'],
    ['a space in the target', 'GET /a b HTTP/1.1\r\n\r\n'],
    ['a tab', 'GET\t/\tHTTP/1.1\r\n\r\n'],
    ['a version of no digits', 'GET / HTTP/1.x\r\n\r\n'],
    ['a lower-case version', 'GET / http/1.1\r\n\r\n'],
    ['something behind the version', 'GET / HTTP/1.1 \r\n\r\n'],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['TLS', '\x16\x03\x01'],
  ])('refuses %s with 400', (_, text) => {
    const { outcome, reader } = read('request', text);
    expect([outcome, reader.problem?.status]).toEqual(['bad', 400]);
  });

  it.each([
    ['request', 'GET / HTTP/1.1\nHost: a\n\n', 'the request line does not end in CRLF'],
    ['request', 'GET / HTTP/1.1\r\nHost: a\n\n', 'line 2 of the head does not end in CRLF'],
    ['request', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'the head does not end in CRLF'],
    ['response', 'HTTP/1.1 200 OK\n\nok', 'the status line does not end in CRLF'],
    ['response', 'HTTP/1.1 200\nA: b\n\n', 'the status line does not end in CRLF'],
    ['response', 'HTTP/1.1 200 OK\r\nA: b\nC: d\n\n', 'line 2 of the head does not end in CRLF'],
    ['response', 'HTTP/1.1 200 OK\r\nA: b\r\nC\n\n', 'line 3 of the head does not end in CRLF'],
    ['response', 'HTTP/1.1 200 OK\r\nA: b\r\n\nok', 'the head does not end in CRLF'],
  ] as const)('names, in a %s, the line of %j that ends in a bare LF', (kind, text, reason) => {
    expect(read(kind, text).reader.problem).toEqual({ status: 400, reason });
    expect(read(kind, text, [20, 25]).reader.problem).toEqual({ status: 400, reason });
  });

  it.each([
    'GET\t/ HTTP/1.1',
    'GET /\tHTTP/1.1',
    'GET / HTTP/1.1\t',
    'GET /\x7f HTTP/1.1',
    'GET  / HTTP/1.1',
  ])('takes nothing but one space between the parts of a request line: not %j', (line) => {
    expect(read('request', `${line}\r\nHost: a\r\n\r\n`).reader.problem).toMatchObject({ status: 400 });
  });

  it.each(['HTTP/2.0', 'HTTP/1.2', 'HTTP/3.0'])('refuses %s with 505', (version) => {
    const { reader } = read('request', `PRI * ${version}\r\n\r\nSM\r\n\r\n`);
    expect(reader.problem?.status).toBe(505);
  });

  it.each([
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 099 X\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'SSH-2.0-x\r\n',
    'ICY 200 OK\r\n\r\n',
  ])('refuses the status line %j', (text) => {
    expect(read('response', text).outcome).toBe('bad');
  });

  it('refuses every control character in a value but the tab', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      const value = `a${String.fromCharCode(byte)}b`;
      const { outcome } = read('request', `GET / HTTP/1.1\r\nX: ${value}\r\n\r\n`);
      expect([byte, outcome]).toEqual([byte, byte === 9 || (byte > 31 && byte !== 127) ? 'done' : 'bad']);
    }
  });

  it('refuses what is too large or too many, before it is complete', () => {
    const long = `GET / HTTP/1.1\r\nX: ${'x'.repeat(MAX_HEAD)}`;
    expect(read('request', long).reader.problem?.status).toBe(431);
    const cuts = Array.from({ length: 70 }, (_, index) => index * 1_000 + 5).filter(
      (cut) => cut < long.length,
    );
    expect(read('request', long, cuts).reader.problem?.status).toBe(431);
    const line = `GET / HTTP/1.1\r\n`;
    const exact = `${line}X: ${'x'.repeat(MAX_HEAD - line.length - 7)}\r\n\r\n`;
    expect(exact.length).toBe(MAX_HEAD);
    expect(read('request', exact).outcome).toBe('done');
    expect(read('request', exact, [100, 60_000]).outcome).toBe('done');
    expect(read('request', `${line}${'A: b\r\n'.repeat(MAX_FIELDS)}\r\n`).outcome).toBe('done');
    expect(read('request', `${line}${'A: b\r\n'.repeat(MAX_FIELDS + 1)}`).reader.problem?.status).toBe(431);
  });
});
