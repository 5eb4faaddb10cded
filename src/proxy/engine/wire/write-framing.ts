/** The lines that say how long a message is, as they are written: one length, or one `chunked`, in the usual words. */
import { COLON, SP } from './bytes.ts';
import { FIELD } from './field-names.ts';
import type { HeadLexer } from './lexer.ts';
import { MARKS } from './lexer.ts';

/**
 * Finds what stands in place of a Content-Length or Transfer-Encoding line of a head that was accepted.
 * @returns undefined for a line that is as it has to be; nothing for one that is left out
 */
export function rewriteFraming(lexer: HeadLexer, text: string, field: number): string | undefined {
  const id = lexer.idOf(field);
  for (let other = 0; other < lexer.count; other += 1) {
    const isRepeated = other < field && lexer.idOf(other) === id;
    const isVoid = id === FIELD.CONTENT_LENGTH && lexer.idOf(other) === FIELD.TRANSFER_ENCODING;
    if (isRepeated || isVoid) return '';
  }
  const at = (mark: number): number => (lexer.marks[field * MARKS + mark] as number) - lexer.start;
  const value = text.slice(at(2), at(3));
  const isPlain =
    text.charCodeAt(at(1)) === COLON &&
    at(2) === at(1) + 2 &&
    text.charCodeAt(at(1) + 1) === SP &&
    text.startsWith('\r\n', at(3));
  if (id === FIELD.TRANSFER_ENCODING) {
    return isPlain && value === 'chunked' ? undefined : 'Transfer-Encoding: chunked\r\n';
  }
  const length = String(Number.parseInt(value, 10));
  return isPlain && value === length ? undefined : `Content-Length: ${length}\r\n`;
}
