/**
 * Texts with `${…}` in them, taken apart. A name with a dot (and the word `workspace`) is a reference into the
 * contract, `${VAR}` and `${VAR:-default}` are variables of the environment, `$$` is a dollar sign.
 */

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** `db.pg.port` → `['db', 'pg', 'port']`. */
  | { readonly kind: 'reference'; readonly path: readonly string[]; readonly source: string }
  | {
      readonly kind: 'variable';
      readonly name: string;
      /** Used where the variable is unset or empty, as in a shell. */
      readonly fallback?: readonly Part[] | undefined;
      readonly source: string;
    };

export interface Template {
  readonly parts: readonly Part[];
  /** What between `${` and `}` is neither a reference nor a variable. */
  readonly malformed: readonly string[];
}

const REFERENCE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** References that have no dot. */
const BARE_REFERENCES: readonly string[] = ['workspace'];

/** Takes the text of an `env` value, a `url`, a probe or one word of a list-form command apart. */
export const parseTemplate = (text: string): Template => parseNested(text, 0);

/** The paths of every reference in it, also in defaults. */
export function referencesIn(text: string): (readonly string[])[] {
  const pathsOf = (parts: readonly Part[]): (readonly string[])[] =>
    parts.flatMap((part) => {
      if (part.kind === 'reference') return [part.path];
      return part.kind === 'variable' ? pathsOf(part.fallback ?? []) : [];
    });
  return pathsOf(parseTemplate(text).parts);
}

/** Deeper defaults than this are a mistake or an attack on the stack. */
const MAX_NESTING = 16;

function parseNested(text: string, depth: number): Template {
  const parts: Part[] = [];
  const malformed: string[] = [];
  let literal = '';
  let index = 0;
  while (index < text.length) {
    if (text.startsWith('$$', index)) {
      literal += '$';
      index += 2;
    } else if (text.startsWith('${', index)) {
      const end = closingBrace(text, index + 2);
      const part =
        end === undefined ? undefined : parseExpression(text.slice(index + 2, end), malformed, depth);
      if (part === undefined) malformed.push(text.slice(index, end === undefined ? undefined : end + 1));
      parts.push({ kind: 'text', text: literal }, ...(part === undefined ? [] : [part]));
      literal = '';
      index = end === undefined ? text.length : end + 1;
    } else {
      literal += text[index];
      index += 1;
    }
  }
  parts.push({ kind: 'text', text: literal });
  return { parts: parts.filter((part) => part.kind !== 'text' || part.text !== ''), malformed };
}

/**
 * Takes a shell command apart: only references with a dot are portramp's (no shell knows `${a.b}`), every other
 * byte is the shell's, and what follows a backslash or is `$$` (the shell's pid) stays as it is.
 */
export function parseShellTemplate(text: string): readonly Part[] {
  const parts: Part[] = [];
  let start = 0;
  const token = /\\[^]|\$\$|\$\{([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)\}/g;
  for (const match of text.matchAll(token)) {
    const name = match[1];
    if (name === undefined) continue;
    if (match.index > start) parts.push({ kind: 'text', text: text.slice(start, match.index) });
    parts.push({ kind: 'reference', path: name.split('.'), source: match[0] });
    start = match.index + match[0].length;
  }
  if (start < text.length) parts.push({ kind: 'text', text: text.slice(start) });
  return parts;
}

function parseExpression(body: string, malformed: string[], depth: number): Part | undefined {
  const source = `\${${body}}`;
  if (REFERENCE.test(body) || BARE_REFERENCES.includes(body)) {
    return { kind: 'reference', path: body.split('.'), source };
  }
  const separator = body.indexOf(':-');
  const name = separator === -1 ? body : body.slice(0, separator);
  if (!VARIABLE.test(name)) return undefined;
  if (separator === -1) return { kind: 'variable', name, source };
  if (depth === MAX_NESTING) return undefined;
  const fallback = parseNested(body.slice(separator + 2), depth + 1);
  malformed.push(...fallback.malformed);
  return { kind: 'variable', name, fallback: fallback.parts, source };
}

/** Defaults may hold `${…}` themselves, so braces are counted. */
function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith('${', index)) depth += 1;
    else if (text[index] === '}') depth -= 1;
    if (depth === 0) return index;
  }
  return undefined;
}
