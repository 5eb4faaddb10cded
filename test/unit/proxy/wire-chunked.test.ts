import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BAD } from '../../../src/proxy/engine/wire/body-reader.ts';
import { ChunkedBody } from '../../../src/proxy/engine/wire/chunked.ts';
import { MAX_CHUNK_LINE } from '../../../src/proxy/engine/wire/limits.ts';

interface Pass {
  /** Where the body ended, BAD, or undefined if it did not end. */
  readonly end: number | undefined;
  /** What went on to the receiver. */
  readonly passed: string;
  /** The body's own bytes. */
  readonly payload: string;
}

function pass(text: string, cuts: readonly number[] = []): Pass {
  let payload = '';
  let passed = '';
  const onPayload = (piece: Buffer, from: number, to: number): void => {
    payload += piece.toString('latin1', from, to);
  };
  const body = new ChunkedBody({ onPayload });
  const edges = [0, ...cuts, text.length];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    const piece = Buffer.from(`~~${text.slice(edges[index], edges[index + 1])}`, 'latin1');
    const end = body.read(piece, 2, piece.length);
    if (end === BAD) return { end: BAD, passed, payload };
    passed += piece.toString('latin1', 2, body.passable);
    if (body.done) return { end: edges[index]! + end - 2, passed: passed + body.tail, payload };
  }
  return { end: undefined, passed, payload };
}

const BODIES = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '000A;x;y=z;q="a;\\"b\r"\r\n0123456789\r\n1\r\n\n\r\n00\r\n\r\n'.replace('b\r', 'b'),
  '3\r\nabc\r\n0;last\r\nX-Sum: 1\r\nX-Other:\t2\r\n\r\n',
];

describe('a chunked body', () => {
  it.each(BODIES)('%j is passed on as it is, wherever it is split', (text) => {
    for (let first = 0; first <= text.length; first += 1) {
      for (const second of [first, first + 1, first + 3, text.length]) {
        const cuts = [first, Math.min(second, text.length)];
        expect(pass(`${text}GET`, cuts)).toMatchObject({ end: text.length, passed: text });
      }
    }
  });

  it('says what is in the chunks', () => {
    expect(pass('3;a\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n', [4, 6, 9]).payload).toBe('abcde');
  });

  it.each([
    ['no size', '\r\n\r\n'],
    ['a size with a sign', '+1\r\na\r\n0\r\n\r\n'],
    ['a size with 0x', '0x1\r\na\r\n0\r\n\r\n'],
    ['a size with a space', '1 \r\na\r\n0\r\n\r\n'],
    ['a space before the size', ' 1\r\na\r\n0\r\n\r\n'],
    ['an endless size', '0000000000001\r\na\r\n0\r\n\r\n'],
    ['a bare LF behind a size', '1\na\r\n0\r\n\r\n'],
    ['a bare CR behind a size', '1\ra\r\n0\r\n\r\n'],
    ['more data than the size says', '1\r\nab\r\n0\r\n\r\n'],
    ['less', '3\r\nab\r\n0\r\n\r\n'],
    ['a bare LF behind data', '1\r\na\n0\r\n\r\n'],
    ['a bare LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
    ['a bare CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
    ['an empty extension', '1;\r\na\r\n0\r\n\r\n'],
    ['an extension without a value', '1;a=\r\na\r\n0\r\n\r\n'],
    ['an extension that is no token', '1;a b\r\na\r\n0\r\n\r\n'],
    ['an open quote', '1;a="b\r\na\r\n0\r\n\r\n'],
    ['a bare LF in a quote', '1;a="\n"\r\na\r\n0\r\n\r\n'],
    ['an endless extension', `1;${'a'.repeat(MAX_CHUNK_LINE)}\r\na\r\n0\r\n\r\n`],
    ['a bare LF at the end', '0\r\n\n'],
    ['a bare LF in a trailer', '0\r\nX: y\n\r\n'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ['a trailer that frames', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a trailer that frames otherwise', '0\r\nX: 1\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['a trailer that routes', '0\r\nHost: b\r\n\r\n'],
    ['a trailer for one hop', '0\r\nConnection: close\r\n\r\n'],
  ])('is refused for %s', (_, text) => {
    expect(pass(text).end).toBe(BAD);
    expect(
      pass(
        text,
        Array.from({ length: text.length - 1 }, (__, index) => index + 1),
      ).end,
    ).toBe(BAD);
  });

  it('passes nothing of trailers that it refuses', () => {
    expect(pass('0\r\nX: 1\r\nHost: b\r\n\r\n', [6]).passed).toBe('0\r\n');
  });

  it('ends where it ends, for any data', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(900), { maxLength: 8 }), (parts, places) => {
        const data = parts.map((part) => Buffer.from(part).toString('latin1'));
        const text = `${data.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
        const cuts = places.filter((place) => place < text.length).sort((a, b) => a - b);
        expect(pass(`${text}rest`, cuts)).toEqual({ end: text.length, passed: text, payload: data.join('') });
      }),
    );
  });
});
