/** The lines that say how long a message is, as they are written: one length, or one `chunked`, in the usual words. */
import { COLON, CR, SP } from './bytes.ts';
import { FIELD } from './field-names.ts';
import type { HeadLexer } from './lexer.ts';
import { MARKS } from './lexer.ts';

const ZERO = 0x30;

/**
 * Finds what stands in place of a Content-Length or Transfer-Encoding line of a head that was accepted.
 * @returns undefined for a line that is as it has to be; nothing for one that is left out
 */
export function rewriteFraming(lexer: HeadLexer, text: string, field: number): string | undefined {
  const id = lexer.idOf(field);
  for (let other = 0; other < lexer.count; other += 1) {
    const isRepeated = other < field && lexer.idOf(other) === id;
    const isVoid =
      id === FIELD.CONTENT_LENGTH &&
      lexer.idOf(other) === FIELD.TRANSFER_ENCODING &&
      !isIdentity(lexer, text, other);
    if (isRepeated || isVoid) return '';
  }
  if (id === FIELD.TRANSFER_ENCODING) {
    if (isIdentity(lexer, text, field)) return '';
    return isPlain(lexer, text, field) && valueOf(lexer, text, field) === 'chunked'
      ? undefined
      : 'Transfer-Encoding: chunked\r\n';
  }
  if (isPlain(lexer, text, field) && isShortest(lexer, text, field)) return undefined;
  return `Content-Length: ${Number.parseInt(valueOf(lexer, text, field), 10)}\r\n`;
}

/** Offset in the head's text. */
const at = ({ marks, start }: HeadLexer, field: number, mark: number): number =>
  (marks[field * MARKS + mark] as number) - start;

const valueOf = (lexer: HeadLexer, text: string, field: number): string =>
  text.slice(at(lexer, field, 2), at(lexer, field, 3));

/** Whether a coding says that there is none. */
const isIdentity = (lexer: HeadLexer, text: string, field: number): boolean =>
  valueOf(lexer, text, field).toLowerCase() === 'identity';

/** One space before the value, and nothing around it else. */
function isPlain(lexer: HeadLexer, text: string, field: number): boolean {
  const nameEnd = at(lexer, field, 1);
  const valueEnd = at(lexer, field, 3);
  return (
    at(lexer, field, 2) === nameEnd + 2 &&
    text.charCodeAt(nameEnd) === COLON &&
    text.charCodeAt(nameEnd + 1) === SP &&
    text.charCodeAt(valueEnd) === CR
  );
}

/** One number without zeros before it; that there are digits, and perhaps commas, is known. */
function isShortest(lexer: HeadLexer, text: string, field: number): boolean {
  const start = at(lexer, field, 2);
  if (valueOf(lexer, text, field).includes(',')) return false;
  return text.charCodeAt(start) !== ZERO || at(lexer, field, 3) === start + 1;
}
