import { encode } from '@jridgewell/sourcemap-codec';
import { describe, expect, it } from 'vitest';

import { addBundleLines, type Lines, type ProcessCoverage } from '../../coverage/bundle-lines.ts';
import { ranges, render, reportAll } from '../../coverage/report.ts';

// a();
// if (no) { b(); }
const coverage: ProcessCoverage = {
  result: [
    {
      url: 'file:///home/versions/1/daemon.js',
      functions: [
        {
          ranges: [
            { startOffset: 0, endOffset: 21, count: 1 },
            { startOffset: 13, endOffset: 21, count: 0 },
          ],
        },
      ],
    },
    { url: 'file:///app/server.js', functions: [{ ranges: [{ startOffset: 0, endOffset: 9, count: 1 }] }] },
  ],
  'source-map-cache': {
    'file:///home/versions/1/daemon.js': {
      lineLengths: [4, 16],
      data: {
        sources: [
          'file:///home/src/versions/src/daemon/main.ts',
          'file:///home/versions/node_modules/zod/src/zod.ts',
        ],
        mappings: encode([
          [
            [0, 0, 9, 0],
            [1, 1, 2, 0],
          ],
          [
            [0, 0, 10, 0],
            [10, 0, 11, 2],
          ],
        ]),
      },
    },
  },
};

describe('what programs ran', () => {
  const lines: Lines = new Map();
  addBundleLines(lines, coverage);

  it('is told of the source, and of nothing else', () => {
    expect([...lines].map(([file, ran]) => [file, [...ran]])).toEqual([['src/daemon/main.ts', [10, 11]]]);
  });

  it('is added to what unit tests ran', () => {
    const statement = (line: number) => ({ start: { line } });
    const [report] = reportAll(
      [
        {
          path: '/work/src/daemon/main.ts',
          statementMap: { 0: statement(10), 1: statement(11), 2: statement(12), 3: statement(20) },
          s: { 0: 0, 1: 3, 2: 0, 3: 1 },
        },
      ],
      lines,
    );
    expect(report).toMatchObject({ statements: 4, unit: 2, bundle: 2, either: 3, missing: [12] });
    expect(report && render([report])).toMatch(
      /src\/daemon +50 % +50 % +75 %\n.*\n\nnothing runs\n {2}src\/daemon\/main.ts: 12$/,
    );
  });

  it('is told in ranges', () => {
    expect(ranges([1, 2, 3, 7, 9, 10])).toBe('1-3, 7, 9-10');
    expect(ranges([])).toBe('');
  });
});
