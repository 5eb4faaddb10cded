/** What is sent of what was read: every byte once, in order, whatever it is read into. */
import type { Socket } from 'node:net';
import { assert, boolean, constantFrom, integer, property } from 'fast-check';
import { expect, it } from 'vitest';

import { isShared, sharedBuffer } from '../../../src/proxy/shared-buffer.ts';
import { splice } from '../../../src/proxy/splice.ts';

it('is the head, the piece and the tail, and of a shared buffer nothing is kept', () => {
  const text = constantFrom('', 'head\r\n', 'x'.repeat(100));
  const size = constantFrom(0, 1, 16_383, 16_384, 16_385, 60_000);
  assert(
    property(text, size, integer({ min: 0, max: 3 }), text, boolean(), (head, length, from, tail, isLent) => {
      const piece = isLent ? sharedBuffer() : Buffer.alloc(length + from + 3);
      expect(isShared(piece)).toBe(isLent);
      const to = Math.min(from + length, piece.length);
      piece.fill('~').fill('y', from, to);
      const written: (string | Buffer)[] = [];
      let encodings = 0;
      const sink = {
        cork: () => undefined,
        uncork: () => undefined,
        write: (bytes: string | Buffer, encoding?: string) => {
          written.push(bytes);
          if (typeof bytes === 'string' && encoding !== 'latin1') encodings += 1;
          return true;
        },
      };
      splice(sink as unknown as Socket, head, piece, from, to, tail);
      if (isLent) piece.fill('!');
      expect(
        written.map((bytes) => bytes.toString('latin1')).join('') === head + 'y'.repeat(to - from) + tail,
      ).toBe(true);
      expect([written.some(({ length: size }) => size === 0), encodings]).toEqual([false, 0]);
    }),
  );
});
