/** What a handler sets on a request: checked and written out once for each set of headers. */
import { idOf, isFraming, isHopByHop, FIELD } from './field-names.ts';

export type Overrides = Readonly<Record<string, string | undefined>>;

/** Names in lower case, by their length. */
export type NamesByLength = readonly (readonly string[] | undefined)[];

export interface WrittenOverrides {
  readonly lines: string;
  /** All of them, those included that are only removed. */
  readonly names: NamesByLength;
}

/** A handler that gives the same object again and again is served from here. */
const written = new WeakMap<Overrides, WrittenOverrides>();

/** @throws TypeError for what is no field */
export function writeOverrides(overrides: Overrides): WrittenOverrides {
  const known = written.get(overrides);
  if (known !== undefined) return known;
  const names = Object.keys(overrides);
  if (names.length === 0) return NONE;
  let lines = '';
  for (const name of names) {
    const value = overrides[name];
    if (value !== undefined) lines += formatField(name, value);
  }
  // In one piece: text that was put together is kept in parts, which every use would put together anew.
  const result = { lines: Buffer.from(lines, 'latin1').toString('latin1'), names: shareNames(names) };
  written.set(overrides, result);
  return result;
}

/** Nearly all sets have the same names: thousands of routes are served with one list of them. */
let shared: { readonly key: string; readonly names: NamesByLength } = { key: '', names: [] };

function shareNames(names: readonly string[]): NamesByLength {
  const key = names.join();
  if (key !== shared.key) {
    const byLength: string[][] = [];
    for (const name of names) (byLength[name.length] ??= []).push(name);
    shared = { key, names: byLength };
  }
  return shared.names;
}

const NONE: WrittenOverrides = { lines: '', names: [] };

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws TypeError for what would not be one line, or would change how the message is framed. */
export function formatField(name: string, value: string): string {
  const id = idOf(name);
  const framing = (isFraming(id) && id !== FIELD.HOST) || isHopByHop(id);
  if (framing || !FIELD_NAME.test(name) || !FIELD_TEXT.test(value)) {
    throw new TypeError(`the field "${name}" cannot be set to ${JSON.stringify(value)}`);
  }
  return `${name}: ${value}\r\n`;
}
