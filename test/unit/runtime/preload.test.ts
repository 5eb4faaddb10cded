import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { preload } from '../../../src/runtime/preload.ts';

describe('preload', () => {
  it.each([
    [undefined, '--require=/m.cjs'],
    ['', '--require=/m.cjs'],
    [' ', '--require=/m.cjs'],
    ['--no-warnings', '--require=/m.cjs --no-warnings'],
    ['-r ./a.js', '--require=/m.cjs --require=./a.js'],
    ['--require ./a.js --require=./b.js', '--require=/m.cjs --require=./a.js --require=./b.js'],
    ['--require   "./a b.js"', '--require=/m.cjs --require="./a b.js"'],
    ['--title=a-r b', '--require=/m.cjs --title=a-r b'],
    ['--require --no-warnings', '--require=/m.cjs --require --no-warnings'],
  ])('in front of %j', (options, expected) => {
    expect(preload('/m.cjs', options)).toBe(expected);
  });
});

describe('a path as this Node reads one', () => {
  let base: string;
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'portramp-preload-'));
  });
  afterAll(() => rmSync(base, { recursive: true }));

  it.each(['plain', 'a blank', String.raw`back\slash`, 'quote"d', String.raw`all "of" \ them\ `])(
    '%s',
    (name) => {
      mkdirSync(join(base, name));
      const module = join(base, name, 'm.cjs');
      writeFileSync(module, 'globalThis.isLoaded = true;');
      const NODE_OPTIONS = preload(module, '--no-warnings');
      const output = execFileSync(process.execPath, ['-p', 'isLoaded'], {
        env: { NODE_OPTIONS },
        encoding: 'utf8',
      });
      expect(output).toBe('true\n');
    },
  );
});
