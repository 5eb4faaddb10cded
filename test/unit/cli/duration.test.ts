/** Spans of time, as they are typed and as they are said. */
import { describe, expect, it } from 'vitest';

import { parseCount, parseDuration, sayDuration } from '../../../src/cli/duration.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

describe('a duration', () => {
  it.each([
    [0, '0.0 s'],
    [9.94 * SECOND, '9.9 s'],
    [10 * SECOND, '10 s'],
    [119 * SECOND, '119 s'],
    [2 * MINUTE, '2 min'],
    [119 * MINUTE, '119 min'],
    [2 * HOUR, '2 h'],
    [47 * HOUR, '47 h'],
    [48 * HOUR, '2 days'],
    [72 * HOUR, '3 days'],
  ])('of %d ms is said in words', (ms, words) => expect(sayDuration(ms)).toBe(words));

  it.each([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['2m', 2 * MINUTE],
    ['3h', 3 * HOUR],
  ])('%s is typed', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['5', '5d', 's', '1 s', '-1s', ''])('"%s" is none', (text) => {
    expect(() => parseDuration(text)).toThrow('A duration has a unit');
  });
});

it('a count is a whole number of at least so many', () => {
  expect([parseCount(0)('0'), parseCount(1)('7')]).toEqual([0, 7]);
  for (const text of ['0', '1.5', 'x']) expect(() => parseCount(1)(text)).toThrow('at least 1');
});
