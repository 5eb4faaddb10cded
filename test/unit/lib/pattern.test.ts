import { describe, expect, it } from 'vitest';

import { compilePattern, explainPattern } from '../../../src/lib/pattern.ts';

const matches = (pattern: string, text: string): boolean => {
  const compiled = compilePattern(pattern);
  if (!compiled.ok) throw new Error(explainPattern(pattern)?.message);
  return compiled.pattern.matches(text);
};

describe('a regular expression of a contract', () => {
  it.each([
    ['listening on (?:port )?\\d+', 'server listening on port 3000', true],
    ['^ready$', 'already', false],
    ['ready in \\d+(?:\\.\\d+)?\\s?m?s', '  VITE v6 ready in 123 ms', true],
    ['\\u2713 Ready', '✓ Ready', true],
    ['(?<what>api|web) is up', 'web is up', true],
    ['[^\\s]+@\\d', 'app@1', true],
    ['\\$\\{x\\}', '${x}', true],
    ['[^]', '\n', true],
    ['\\bdone\\b', 'undone', false],
    ['é{2,}', 'ééé', true],
    ['', 'anything', true],
  ])('%j and %j: %s, as JavaScript has it', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
    expect(new RegExp(pattern).test(text)).toBe(expected);
  });

  // Each of these takes JavaScript longer than anybody lives.
  it.each(['^(a+)+$', '^(a|aa)+$', '(a|a?)+b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*x', '(a*)*(a*)*b'])(
    '%j is through with the longest line in no time',
    (pattern) => {
      const began = performance.now();
      matches(pattern, `${'a'.repeat(64 * 1024 - 1)}!`);
      expect(performance.now() - began).toBeLessThan(3_000);
    },
  );

  it.each([
    ['ready(?= now)', '(?='],
    ['(?!error)ready', '(?!'],
    ['(?<=is )ready', '(?<=is )ready'],
    ['(a)\\1', '\\1'],
    ['a{2000}', '{2000}'],
  ])('%j is not run, and %j is named', (pattern, what) => {
    expect(explainPattern(pattern)).toEqual({
      message: `"${what}" in a regular expression could take for ever on some text, and is not run`,
      hint: expect.stringContaining('repeat counts up to 1000') as string,
    });
  });

  it.each(['a[b', '(', '*', '(?i)x'])('%j is none', (pattern) => {
    expect(explainPattern(pattern)?.message).toBe('this is not a regular expression');
  });
});
