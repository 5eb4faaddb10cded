import { expect, it } from 'vitest';

import { StandstillCounter, describePlace, type Frame } from '../../../src/daemon/standstill.ts';

const still = (...sights: readonly [beats: number, debugged?: boolean][]): number[] => {
  const counter = new StandstillCounter();
  return sights.map(([beats, debugged = false]) => counter.look({ beats, debugged }));
};

it('counts the seconds in a row in which a loop did not beat', () => {
  expect(still([1], [1], [1], [2], [2], [3], [4])).toEqual([0, 1, 2, 0, 1, 0, 0]);
});

it('counts a loop that never beat at all', () => {
  expect(still([0], [0])).toEqual([1, 2]);
});

it('counts anew after a debugger was there, and does not count while one is', () => {
  expect(still([1], [1], [1, true], [1, true], [1], [1])).toEqual([0, 1, 0, 0, 1, 2]);
});

it('names the functions of a place, innermost first, by lines as editors count them', () => {
  const frame = (functionName: string, lineNumber: number): Frame => ({
    functionName,
    url: 'file:///a.js',
    location: { lineNumber, columnNumber: 4 },
  });
  expect(describePlace([frame('inner', 0), frame('', 9)])).toBe(
    'inner (file:///a.js:1:5) < a function without a name (file:///a.js:10:5)',
  );
  const unknown = { functionName: 'f', url: undefined, location: { lineNumber: 0 } };
  expect(describePlace([unknown])).toBe('f (no file:1:1)');
  expect(describePlace([])).toBe('outside of JavaScript, in a call of the system');
  expect(describePlace(Array.from({ length: 20 }, () => frame('f', 0))).split(' < ')).toHaveLength(8);
});
