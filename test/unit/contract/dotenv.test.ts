import { parse } from 'dotenv';
import { describe, expect, it } from 'vitest';

import { parseEnvFile } from '../../../src/contract/dotenv.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const problems = (input: Uint8Array): string[] =>
  parseEnvFile(input).problems.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity} ${message}`,
  );

describe('an env file', () => {
  it.each([
    ['a byte order mark', '\uFEFFA=1\nB=2\n', { A: '1', B: '2' }],
    ['lines of Windows', 'A=1\r\nB="x\r\ny"\r\n', { A: '1', B: 'x\ny' }],
    ['escaped quotes stay as they are written', String.raw`A="{\"a\":1}"`, { A: String.raw`{\"a\":1}` }],
    ['JSON in single quotes', `A='{"a":"#1"}' # why`, { A: '{"a":"#1"}' }],
    ['export, blanks and a colon', 'export A=1\n  B = 2\nC: 3\n', { A: '1', B: '2', C: '3' }],
    ['a name that begins with a digit', '2FA_KEY=x', { '2FA_KEY': 'x' }],
    [
      'a value of several lines',
      'A="-----BEGIN\nab=\n-----END"\nB=1',
      { A: '-----BEGIN\nab=\n-----END', B: '1' },
    ],
    ['an empty value before another', 'A=\nB=2', { A: '', B: '2' }],
    ['quotes within a value', 'A="x" and "y"\nB=it\'s', { A: 'x" and "y', B: "it's" }],
    ['the last of two', 'A=1\nA=2', { A: '2' }],
    [
      'comments after values',
      'A= # none\nB=1 # one\nC="a#b"#c\nD=\'x#y\' # z\nE=`#` \nF=a\t#b',
      { A: '', B: '1', C: 'a#b', D: 'x#y', E: '#', F: 'a' },
    ],
    ['comments alone', '# A=1\n\n   # x\n', {}],
    ['nothing', '', {}],
  ])('%s', (_name, text, values) => {
    expect(parseEnvFile(bytes(text))).toEqual({ values, problems: [] });
  });

  it.each([
    [
      'a line without =',
      'A=1\n  JUNK\nB=2\n',
      '2:3 warning sets nothing: "JUNK" has no "="',
      { A: '1', B: '2' },
    ],
    ['export without =', 'export A\nB=2', '1:1 warning sets nothing: "export A" has no "="', { B: '2' }],
    [
      'a name that is none',
      'A[0]=1\nB=2',
      '1:1 warning sets nothing: this line is no NAME=value',
      { B: '2' },
    ],
    ['a quote that is never closed', 'A=1\nB="x\nC=3\n', '2:3 error the quote " is not closed', {}],
    [
      'a # within a value',
      'A=1\nPASS=abc#def # why\n',
      '2:9 warning the value ends before "#", which begins a comment',
      { A: '1', PASS: 'abc' },
    ],
    [
      'a # that begins a value',
      'COLOR=#fff',
      '1:7 warning sets an empty value: "#" begins a comment',
      { COLOR: '' },
    ],
    ['a NUL', 'A=1\nB=\0x', '2:3 error has a NUL byte, which no variable can hold', {}],
  ])('%s', (_name, text, problem, values) => {
    expect(problems(bytes(text))).toEqual([problem]);
    expect(parseEnvFile(bytes(text)).values).toEqual(values);
  });

  it('is not read as what it is not', () => {
    expect(problems(Buffer.from('\uFEFFA=1\n', 'utf16le'))).toEqual(['1:1 error is UTF-16']);
    expect(problems(Buffer.from('A=1\nB=\u00e9\n', 'latin1'))).toEqual(['2:3 error is not UTF-8 text']);
    expect(problems(Buffer.from('\u00e9(=1\n', 'latin1'))).toEqual(['1:1 error is not UTF-8 text']);
    expect(problems(Buffer.from('\u00f0\u009f(=1\n', 'latin1'))).toEqual(['1:1 error is not UTF-8 text']);
    expect(problems(Buffer.from('A=1\nB=é€\n'))).toEqual([]);
    expect(problems(bytes('x\n'.repeat(100_000)))).toHaveLength(20);
  });
});

/** What the project of that dialect tests itself with, in our own words: one row for each of its rules. */
const RULES: readonly (readonly [text: string, value: string])[] = [
  ['V=basic', 'basic'],
  ['V=', ''],
  ["V=''", ''],
  ['V=""', ''],
  ['V=``', ''],
  ["V='  spaces  '", '  spaces  '],
  ['V="  spaces  "', '  spaces  '],
  ['V=`  spaces  `', '  spaces  '],
  [`V='a "b" c'`, 'a "b" c'],
  [`V="a 'b' c"`, "a 'b' c"],
  ['V=`a "b" \'c\'`', `a "b" 'c'`],
  ['V="{ port: $PORT}"', '{ port: $PORT}'],
  [String.raw`V="a\nb\rc"`, 'a\nb\rc'],
  [String.raw`V=a\nb`, String.raw`a\nb`],
  [String.raw`V='a\nb'`, String.raw`a\nb`],
  ['V=a b # c #d', 'a b'],
  ["V='a #b' # c", 'a #b'],
  ['V="a #b" # c', 'a #b'],
  ['V=a#b', 'a'],
  ['V=equals==', 'equals=='],
  ['V={"a": "b"}', '{"a": "b"}'],
  ['V=    padded   ', 'padded'],
  ['   V = parsed', 'parsed'],
  ['export   V  =x', 'x'],
  ['V="many\nlines\n"', 'many\nlines\n'],
  ["V='many\nlines'", 'many\nlines'],
  ['V=`"double"\n\'single\'`', `"double"\n'single'`],
];

describe('the dialect of dotenv', () => {
  it.each(RULES)('%j', (text, value) => {
    const found = parseEnvFile(bytes(`BEFORE=1\n${text}\nAFTER=2\n`));
    expect(found.values).toEqual({ BEFORE: '1', V: value, AFTER: '2' });
    // What is cut is told.
    expect(found.problems).toHaveLength(text === 'V=a#b' ? 1 : 0);
    expect(found.values).toEqual(parse(`BEFORE=1\n${text}\nAFTER=2\n`));
  });
});
