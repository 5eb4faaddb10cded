/** The lines of a response that cannot be passed on as they came. */
import { COLON } from './bytes.ts';
import { FIELD } from './field-names.ts';
import { MARKS, type HeadLexer } from './lexer.ts';

/** Tells, on a response, which of its lines were left out: so that it is seen where its author looks. */
export const DROPPED_FIELD = 'x-portramp-dropped';

/** How many lines are named, and how much of each, in characters. */
const [MOST, LONGEST] = [8, 64] as const;

/** Writes a field without the blank before its colon (RFC 9112 §5.1); undefined where there is none. */
export function withoutBlank(lexer: HeadLexer, text: string, field: number): string | undefined {
  const at = (mark: number): number => (lexer.marks[field * MARKS + mark] as number) - lexer.start;
  if (text.charCodeAt(at(1)) === COLON) return undefined;
  return `${text.slice(at(0), at(1))}: ${text.slice(at(2), at(3))}\r\n`;
}

/** Names the lines that are left out, and why; nothing where there is none. */
export function droppedLines(lexer: HeadLexer, text: string): string {
  const names: string[] = [];
  for (let field = 0; field < lexer.count && names.length < MOST; field += 1) {
    if (lexer.idOf(field) !== FIELD.DROPPED) continue;
    const from = (lexer.marks[field * MARKS] as number) - lexer.start;
    const [name = ''] = text.slice(from, from + LONGEST).split(/[:\r]/, 1);
    const isName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
    const reason = isName ? 'a control character in its value' : 'not a field name';
    names.push(`"${name.replace(/[^\x20-\x7e]|["\\]/g, '?')}" (${reason})`);
  }
  return names.join(', ');
}

/** Writes the field that names the lines that are left out; nothing where there is none. */
export function droppedNotice(lexer: HeadLexer, text: string): string {
  const lines = droppedLines(lexer, text);
  return lines === '' ? '' : `${DROPPED_FIELD}: ${lines}\r\n`;
}
