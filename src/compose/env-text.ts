/**
 * Env files as Compose reads them, which is neither as a shell nor as `dotenv` does: `A: b` sets a variable, ` #` begins
 * a comment only after a space, values may use variables of earlier lines (compose-go, `dotenv/parser.go`). Pure.
 */
import { interpolate, type Variables } from './interpolate.ts';

export interface EnvText {
  /** What the text sets, up to the first mistake in it. */
  readonly values: Readonly<Record<string, string>>;
  /** Why Compose would not take it, with the line. */
  readonly problem?: string | undefined;
}

interface Value {
  readonly value: string;
  /** Where the text goes on. */
  readonly end: number;
}

type Mistake = { readonly mistake: string };

const BLANK = /[\t\v\f\r \u0085\u00a0]*/y;
const SKIPPED = /(?:\s|#[^\n]*(?:\n|$))*/y;
const EXPORT = /export[\t\v\f\r ]+/y;
/** A name with the sign that ends it; a line end takes the value from outside. */
const NAME = /([\p{L}\p{N}_.[\]\t\v\f\r -]*)([=:\n])/uy;

/** @param outer Variables that are set already: in values, they count more than those of the text. */
export function readEnvText(text: string, outer: Variables = {}): EnvText {
  const source = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const set = definedIn(outer);
  const values: Record<string, string> = {};
  let at = skip(SKIPPED, source, 0);
  while (at < source.length) {
    const line = source.slice(0, at).split('\n').length;
    const start = skip(EXPORT, source, at);
    NAME.lastIndex = start;
    const [matched = '', written = '', sign] = NAME.exec(source) ?? [];
    const name = written.trimEnd();
    const mistake = sign === undefined ? 'no = or : follows a name' : findMistake(name);
    if (mistake !== undefined) return { values, problem: `line ${line}: ${mistake}` };
    at = start + matched.length;
    if (sign !== '\n') {
      const read = readValue(source, skip(BLANK, source, at), { ...values, ...set });
      if ('mistake' in read) return { values, problem: `line ${line}: ${read.mistake}` };
      values[name] = read.value;
      at = read.end;
    }
    at = skip(SKIPPED, source, at);
  }
  return { values };
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return from + (pattern.exec(text)?.[0].length ?? 0);
}

function findMistake(name: string): string | undefined {
  if (name === '') return 'a name is missing before = or :';
  return /\s/.test(name) ? `the name "${name}" has a space in it` : undefined;
}

function readValue(text: string, from: number, variables: Variables): Value | Mistake {
  const quote = text[from];
  if (quote === '"' || quote === "'") return readQuoted(text, from, variables);
  const newline = text.indexOf('\n', from);
  const end = newline === -1 ? text.length : newline + 1;
  const [written = ''] = text.slice(from, newline === -1 ? undefined : newline).split(' #', 1);
  return expand(written.trimEnd(), end, variables);
}

function readQuoted(text: string, from: number, variables: Variables): Value | Mistake {
  const quote = text[from] ?? '';
  let value = '';
  for (let index = from + 1; index < text.length; index += 1) {
    const char = text[index] ?? '';
    const end = index + 1;
    if (char === quote) return quote === "'" ? { value, end } : expand(unescape(value), end, variables);
    if (char === '\\' && end < text.length) {
      const next = text[end] ?? '';
      value += next === quote ? next : char + next;
      index = end;
    } else value += char;
  }
  return { mistake: `the quote ${quote} is not closed` };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  c: '',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  $: '$$',
  '"': '"',
  '\\': '\\',
};

const unescape = (text: string): string =>
  text.replace(/\\(?:([abcfnrtv$"\\])|0(\d{0,3}))/g, (_whole, letter?: string, octal?: string) =>
    letter === undefined ? String.fromCodePoint(Number.parseInt(octal || '0', 8)) : (ESCAPES[letter] ?? ''),
  );

function expand(text: string, end: number, variables: Variables): Value | Mistake {
  const expanded = interpolate(text, variables);
  if ('problem' in expanded) return { mistake: expanded.problem };
  return { value: expanded.value.replaceAll('$$', '$'), end };
}

/** Those that are set. */
export const definedIn = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
