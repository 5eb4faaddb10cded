/** Single fields of a head that was read: where they are, the lexer has marked; the text is the whole head. */
import { startsLike } from './bytes.ts';
import { MARKS, type HeadLexer } from './lexer.ts';

/** Is this the field's name? In lower case, of token characters. */
export function isCalled(lexer: HeadLexer, text: string, field: number, name: string): boolean {
  const mark = field * MARKS;
  const from = lexer.marks[mark] as number;
  return (
    (lexer.marks[mark + 1] as number) - from === name.length && startsLike(text, from - lexer.start, name)
  );
}

export function nameOf(lexer: HeadLexer, text: string, field: number): string {
  const mark = field * MARKS;
  const { marks, start } = lexer;
  return text.slice((marks[mark] as number) - start, (marks[mark + 1] as number) - start).toLowerCase();
}

export function valueOf(lexer: HeadLexer, text: string, field: number): string {
  const mark = field * MARKS;
  const { marks, start } = lexer;
  return text.slice((marks[mark + 2] as number) - start, (marks[mark + 3] as number) - start);
}

/** Of all fields with this id, as one list (RFC 9110 §5.3). */
export function listOf(lexer: HeadLexer, text: string, id: number): string | undefined {
  let list: string | undefined;
  for (let field = 0; field < lexer.count; field += 1) {
    if (lexer.idOf(field) !== id) continue;
    const value = valueOf(lexer, text, field);
    list = list === undefined ? value : `${list}, ${value}`;
  }
  return list;
}

/** Of the first field with this id. */
export function firstValue(lexer: HeadLexer, text: string, id: number): string | undefined {
  for (let field = 0; field < lexer.count; field += 1) {
    if (lexer.idOf(field) === id) return valueOf(lexer, text, field);
  }
  return undefined;
}
