import { describe, expect, it } from 'vitest';

import { createDisplay } from '../../../src/cli/terminal.ts';

const colored = createDisplay(true);
const plain = createDisplay(false);

describe('what a service printed', () => {
  it('keeps its colours, where there are colours, and its tabs', () => {
    // The end resets them, also where the service does not.
    expect(colored('\u001b[31mred\tx').startsWith('\u001b[31mred\tx\u001b[0m')).toBe(true);
    expect(plain('\u001b[31mred\u001b[0m\tx')).toBe('red\tx');
    expect(colored('plain')).toBe('plain');
  });

  it.each([
    ['a clear screen', 'a\u001b[2Jb', 'ab'],
    ['a cursor that moves', 'a\u001b[1;1Hb', 'ab'],
    ['a title', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a bell', 'a\u0007b', 'ab'],
    ['a backspace', 'ab\u0008c', 'abc'],
    ['a carriage return', 'a\rb', 'ab'],
    ['another character set (SO)', 'a\u000eb', 'a\ufffdb'],
    ['NUL', 'a\u0000b', 'a\ufffdb'],
    ['a lone ESC', 'a\u001b', 'a\ufffd'],
    ['a C1 control', 'a\u0084b', 'a\ufffdb'],
    ['DEL', 'a\u007fb', 'a\ufffdb'],
  ])('reaches no terminal with %s', (_, text, shown) => {
    expect(plain(text)).toBe(shown);
    expect(colored(text)).toBe(shown);
  });

  it('may be any text, and nothing but colours and tabs is left of its controls', () => {
    const junk = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const colours = /\p{Cc}\[[0-9;]*m/gu;
    expect(colored(`${junk}\u001b[1m${junk}`).replaceAll(colours, '').replaceAll('\t', '')).not.toMatch(
      /\p{Cc}/u,
    );
  });
});
