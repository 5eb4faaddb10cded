import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { shellWord } from '../../../src/lib/shell-word.ts';

it('is read by a shell as the text that it was', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', "'", '"', '$', '`', '\\', '\n', '*', '~', 'ü', '/'),
  });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
      const words = texts.map((text) => shellWord(text)).join(' ');
      const read = execFileSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' });
      expect(read.split('\0').slice(0, -1)).toEqual(texts);
    }),
    { numRuns: 30 },
  );
});

it('leaves alone what needs no quotes', () => {
  expect(shellWord('/home/me/shop-2')).toBe('/home/me/shop-2');
});
