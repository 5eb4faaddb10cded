/** The text of an env file in the dialect of dotenv (https://www.npmjs.com/package/dotenv), and what it leaves out. Pure. */
import { parse } from 'dotenv';

/** Something in an env file that sets no variable, or another value, than may be meant. Lines and columns count from 1. */
export interface EnvProblem {
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

export interface ParsedEnvFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly EnvProblem[];
}

const TO_UTF8 = 'write it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > FILE.new && mv FILE.new FILE';

/** Parses the bytes of an env file. With an error among the problems there are no values. */
export function parseEnvFile(bytes: Uint8Array): ParsedEnvFile {
  const text = decode(bytes);
  if (typeof text !== 'string') return { values: {}, problems: [text] };
  const problems = findProblems(text);
  const isBroken = problems.some(({ severity }) => severity === 'error');
  return { values: isBroken ? {} : parse(text), problems };
}

function decode(bytes: Uint8Array): string | EnvProblem {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { line: 1, column: 1, severity: 'error', message: 'is UTF-16', hint: TO_UTF8 };
  }
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    const message = 'has a NUL byte, which no variable can hold';
    const hint = `take it out; if the file is UTF-16, ${TO_UTF8}`;
    return { ...byteAt(bytes, nul), severity: 'error', message, hint };
  }
  if (!isUtf8(bytes)) {
    const hint = 'write it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE > FILE.new && mv FILE.new FILE';
    return { ...byteAt(bytes, firstBad(bytes)), severity: 'error', message: 'is not UTF-8 text', hint };
  }
  // Without the byte order mark.
  return new TextDecoder().decode(bytes);
}

/** Where UTF-8 ends: the longest part from the start that may go on as UTF-8. */
function firstBad(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // A character that is not whole goes on as UTF-8, until the byte after it.
  const starts = [good, good - 1, good - 2, good - 3].filter((start) => start >= 0);
  return starts.find((start) => isUtf8(bytes.subarray(0, start))) ?? good;
}

function isUtf8(bytes: Uint8Array, stream = false): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

function byteAt(bytes: Uint8Array, index: number): { line: number; column: number } {
  const before = bytes.subarray(0, index);
  const line = before.reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 1);
  return { line, column: index - before.lastIndexOf(10) };
}

/** More of them are no help: it is another kind of file. */
const MAX_PROBLEMS = 20;

const NOTHING = /[^\S\n]*(?:#.*)?(?:\n|$)/y;
const HEAD = /[^\S\n]*(?:export\s+)?[\w.-]+(?:[^\S\n]*=|:[^\S\n])[^\S\n]*/y;
const REST_OF_LINE = /.*(?:\n|$)/y;
const QUOTED = {
  '"': /"(?:\\"|[^"])*"[^\S\n]*(?:#.*)?(?:\n|$)/y,
  "'": /'(?:\\'|[^'])*'[^\S\n]*(?:#.*)?(?:\n|$)/y,
  '`': /`(?:\\`|[^`])*`[^\S\n]*(?:#.*)?(?:\n|$)/y,
};

/** Finds what dotenv passes over without a word: lines, and ends of values; and the quotes that never end. */
function findProblems(source: string): EnvProblem[] {
  const text = source.replaceAll(/\r\n?/g, '\n');
  const problems: EnvProblem[] = [];
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const isThere = pattern.test(text);
    if (isThere) at = pattern.lastIndex;
    return isThere;
  };
  while (at < text.length && problems.length < MAX_PROBLEMS) {
    const start = at;
    if (skip(NOTHING)) continue;
    if (!skip(HEAD)) {
      skip(REST_OF_LINE);
      problems.push(describeLine(text, start));
      continue;
    }
    const value = at;
    const quote = text[at];
    const isQuote = quote === '"' || quote === "'" || quote === '`';
    if (isQuote && skip(QUOTED[quote])) continue;
    skip(REST_OF_LINE);
    // With a second one on its line the quotes are part of the value: `A="x" and "y"`.
    if (isQuote && !text.slice(value + 1, at).includes(quote))
      problems.push(describeQuote(text, value, quote));
    else problems.push(...describeCut(text, value, at));
  }
  return problems;
}

function describeLine(text: string, start: number): EnvProblem {
  const [line = ''] = text.slice(start).split('\n', 1);
  const first = start + line.search(/\S/);
  const [word = ''] = /^(?:export\s+)?[^\s=:]*/.exec(line.trim()) ?? [];
  const isName = /^(?:export\s+)?[\w.-]+$/.test(word);
  return {
    ...placeOf(text, first),
    severity: 'warning',
    message:
      isName && !line.includes('=')
        ? `sets nothing: "${word}" has no "="`
        : 'sets nothing: this line is no NAME=value',
    hint: 'write NAME=value, or begin the line with #',
  };
}

const describeQuote = (text: string, at: number, quote: string): EnvProblem => ({
  ...placeOf(text, at),
  severity: 'error',
  message: `the quote ${quote} is not closed`,
  hint: `end the value with ${quote}; a value that contains one goes into other quotes`,
});

/** A value without quotes ends at its first "#", also where no blank is before that: `A=abc#def`, `COLOR=#fff`. */
function describeCut(text: string, value: number, end: number): EnvProblem[] {
  const at = text.slice(0, end).indexOf('#', value);
  if (at === -1 || /\s/.test(text[at - 1] ?? '')) return [];
  return [
    {
      ...placeOf(text, at),
      severity: 'warning',
      message:
        at === value
          ? 'sets an empty value: "#" begins a comment'
          : 'the value ends before "#", which begins a comment',
      hint: 'write the value in quotes, or a blank before "#"',
    },
  ];
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return { line, column: at - before.lastIndexOf('\n') };
}
