import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MAX_LINE, createLineCutter } from '../../../../src/stack/logs/cut.ts';

function cut(chunks: readonly (string | Buffer)[], flush = true): string[] {
  const lines: string[] = [];
  const cutter = createLineCutter((text) => lines.push(text));
  for (const chunk of chunks) cutter.write(Buffer.from(chunk));
  if (flush) cutter.flush();
  return lines;
}

describe('the line cutter', () => {
  it('cuts at line feeds, wherever chunks end', () => {
    const text = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replace(/[\r\n]/g, '')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(50)), (lines, sizes) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks: Buffer[] = [];
        let start = 0;
        for (const size of sizes) chunks.push(bytes.subarray(start, (start += size)));
        chunks.push(bytes.subarray(start));
        expect(cut(chunks)).toEqual(lines);
      }),
    );
  });

  it('leaves the chunk to whoever it belongs to', () => {
    const lines: string[] = [];
    const cutter = createLineCutter((text) => lines.push(text));
    const chunk = Buffer.from('one\ntwo\nthr');
    cutter.write(chunk);
    chunk.fill('x');
    cutter.write(Buffer.from('ee\n'));
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  it('cuts large chunks as small ones, also where lines are too long', () => {
    const line = fc.nat(2 * MAX_LINE + 10).map((length) => 'x'.repeat(length));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 5 }),
        fc.integer({ min: 1_000, max: MAX_LINE }),
        (lines, size) => {
          const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
          const chunks: Buffer[] = [];
          for (let start = 0; start < bytes.length; start += size)
            chunks.push(bytes.subarray(start, start + size));
          expect(cut([bytes])).toEqual(cut(chunks));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the last state of a progress bar, and drops the carriage return of CRLF', () => {
    expect(cut(['1 %\r50 %\r100 %\n', 'windows\r\n'])).toEqual(['100 %', 'windows']);
  });

  it('tells a line without an end only when it is flushed', () => {
    expect(cut(['name? '], false)).toEqual([]);
    expect(cut(['name? '])).toEqual(['name? ']);
  });

  it('cuts a line that never ends', () => {
    const lines = cut([Buffer.alloc(3 * MAX_LINE + 5, 'x')]);
    expect(lines.map((line) => line.length)).toEqual([MAX_LINE, MAX_LINE, MAX_LINE, 5]);
  });
});
