/** Env files as Compose reads them: values may use variables, also those of earlier lines. */
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

import { interpolate, type Variables } from '../../compose/interpolate.ts';

/** Where a variable is set; a quote at the end is that of a value which is taken as it stands. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*('?)/gm;

/**
 * Parses the text of an env file.
 * @param outer Variables that are set already: they count more than those of the file.
 */
export function readEnvText(text: string, outer: Variables = {}): Record<string, string> {
  const written = parseEnv(text);
  const set = definedIn(outer);
  const found: Record<string, string> = {};
  // In the order of the file, which `parseEnv` does not keep.
  for (const [, name = '', quote] of text.matchAll(ASSIGNMENT)) {
    const value = written[name];
    if (value === undefined) continue;
    const expanded = quote === '' ? interpolate(value, { ...found, ...set }) : undefined;
    found[name] = expanded !== undefined && 'value' in expanded ? unescape(expanded.value) : value;
  }
  return found;
}

/**
 * Adds what the files say to what is set already: the first that sets a variable counts. A file that is absent or
 * unreadable sets none.
 */
export async function addEnvFiles(outer: Variables, paths: readonly string[]): Promise<Variables> {
  let variables = outer;
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => '');
    variables = { ...readEnvText(text, variables), ...definedIn(variables) };
  }
  return variables;
}

const unescape = (value: string): string => value.replaceAll('$$', '$');

/** Those that are set. */
export const definedIn = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));
