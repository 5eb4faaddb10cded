import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createBudget } from '../../../src/protocol/budget.ts';
import { createLineReader } from '../../../src/protocol/lines.ts';
import { commonProtocol } from '../../../src/protocol/version.ts';

function read(chunks: readonly Buffer[], maxLine = 1_000): { lines: string[]; overflows: number } {
  const seen = { lines: [] as string[], overflows: 0 };
  const reader = createLineReader({
    maxLine: () => maxLine,
    onLine: (line) => seen.lines.push(line),
    onOverflow: () => (seen.overflows += 1),
  });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

describe('the line reader', () => {
  it('reads the same lines however the bytes are cut', () => {
    const text = fc.string({ unit: 'binary' }).map((line) => line.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks: Buffer[] = [];
        let start = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(start, start + cut));
          start += cut;
        }
        chunks.push(bytes.subarray(start));
        // A lone surrogate has no UTF-8 form and is not what this is about.
        const expected = lines.filter((line) => line !== '').map((line) => Buffer.from(line).toString());
        expect(read(chunks, 10_000).lines).toEqual(expected);
      }),
    );
  });

  it('stops at a line that is too long, in one chunk or many', () => {
    expect(read([Buffer.from(`${'x'.repeat(11)}\n`)], 10)).toEqual({ lines: [], overflows: 1 });
    expect(read([Buffer.from('xxxxxx'), Buffer.from('xxxxxx')], 10).overflows).toBe(1);
    expect(read([Buffer.from(`${'x'.repeat(10)}\n`)], 10).lines).toEqual(['x'.repeat(10)]);
  });
});

describe('what is held of a line that is not whole', () => {
  it('is told after each chunk, and let go of at the end', () => {
    const held: number[] = [];
    const reader = createLineReader({
      maxLine: () => 100,
      onLine: () => undefined,
      onOverflow: () => undefined,
      onHeld: (bytes) => held.push(bytes),
    });
    for (const text of ['abc', 'de', 'f\ngh', '\n']) reader.push(Buffer.from(text));
    reader.push(Buffer.from('ijk'));
    reader.drop();
    expect(held).toEqual([3, 5, 2, 0, 3, 0]);
  });

  it('has a bound for all together: who holds the most has to go, and nobody else', () => {
    const gone: string[] = [];
    const budget = createBudget(100);
    const [small, large, third] = ['small', 'large', 'third'].map((name) =>
      budget.open(() => gone.push(name)),
    );
    small?.set(10);
    large?.set(60);
    third?.set(30);
    expect([budget.held, gone]).toEqual([100, []]);
    third?.set(31);
    expect([budget.held, gone]).toEqual([41, ['large']]);
    // A message that becomes whole gives its room back.
    third?.set(0);
    small?.set(100);
    expect([budget.held, gone]).toEqual([100, ['large']]);
    small?.set(101);
    expect([budget.held, gone]).toEqual([0, ['large', 'small']]);
  });
});

describe('the common protocol', () => {
  it('is the highest that both speak', () => {
    expect(commonProtocol({ min: 1, max: 2 }, { min: 1, max: 2 })).toBe(2);
    expect(commonProtocol({ min: 1, max: 2 }, { min: 1, max: 1 })).toBe(1);
    expect(commonProtocol({ min: 1, max: 2 }, { min: 2, max: 3 })).toBe(2);
    expect(commonProtocol({ min: 1, max: 1 }, { min: 2, max: 2 })).toBeUndefined();
  });
});
