/**
 * Regular expressions of a contract, run in time that grows with the length of the text and nothing else (the engine
 * of RE2): those of JavaScript can take for ever, and hold the event loop meanwhile. Pure.
 */
import { RE2JS } from 're2js';

export interface Pattern {
  matches(text: string): boolean;
}

/** `unsafe`: right for JavaScript, but there is no such way to run it; `what` says because of what. */
export type PatternProblem = { readonly kind: 'syntax' } | { readonly kind: 'unsafe'; readonly what: string };

export type CompiledPattern =
  { readonly ok: true; readonly pattern: Pattern } | { readonly ok: false; readonly problem: PatternProblem };

export function compilePattern(text: string): CompiledPattern {
  if (!isOfJavaScript(text)) return { ok: false, problem: { kind: 'syntax' } };
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(text));
    return { ok: true, pattern: { matches: (line) => compiled.test(line) } };
  } catch (error) {
    return { ok: false, problem: { kind: 'unsafe', what: whatOf(error) } };
  }
}

function isOfJavaScript(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** "error parsing regexp: invalid repeat count: `{2000}`" → "{2000}" */
const whatOf = (error: unknown): string =>
  /`(.*)`$/s.exec(error instanceof Error ? error.message : '')?.[1] ?? 'something';

/** Says what is wrong with a pattern, and what to write; undefined for one that can be used. */
export function explainPattern(
  text: string,
): { readonly message: string; readonly hint: string } | undefined {
  const compiled = compilePattern(text);
  if (compiled.ok) return undefined;
  if (compiled.problem.kind === 'syntax') {
    return {
      message: 'this is not a regular expression',
      hint: 'put a backslash before ( ) [ ] { } * + ? . ^ $ |',
    };
  }
  return {
    message: `"${compiled.problem.what}" in a regular expression could take for ever on some text, and is not run`,
    hint: 'write it without (?= (?! (?<= (?<! and \\1, and with repeat counts up to 1000',
  };
}
