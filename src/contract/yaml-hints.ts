import type { ErrorCode, YAMLError } from 'yaml';

export interface Explanation {
  /** Into the text. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'align the keys of a map, and close every [ and {',
  BAD_SCALAR_START: 'quote this value',
  BLOCK_AS_IMPLICIT_KEY: 'put the key on a line of its own, or quote a value that holds ": "',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line and ends with ":"',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  TAG_RESOLVE_FAILED: 'remove the tag: a contract needs none',
  BAD_ALIAS: 'quote this value',
};

/** The parser's complaint in words that say what to type. */
export function explainYamlError(error: YAMLError, text: string): Explanation {
  const offset = error.pos[0];
  const template = templateAround(text, offset);
  if (template !== undefined) {
    return {
      offset: template.offset,
      message: 'inside { } and [ ], YAML reads the braces of ${…} as a map',
      hint: `quote this value: "${template.value}"`,
    };
  }
  const hint = HINTS[error.code] ?? hintFor(error.message);
  return { offset, message: `this is not valid YAML: ${error.message.trim()}`, hint };
}

function hintFor(message: string): string {
  if (message.includes('quote')) return 'close the quote';
  if (message.startsWith('Flow ')) return 'close every [ and {';
  return 'quote values that hold any of : # { } [ ] , & * ! | > % @ `';
}

/** The unquoted value around an offset, if the parser stumbled over the brace of a `${`. */
function templateAround(text: string, offset: number): { offset: number; value: string } | undefined {
  if (text[offset] !== '{' || text[offset - 1] !== '$') return undefined;
  let start = offset;
  while (start > 0 && !/[\s,[{]/.test(text[start - 1] ?? ' ')) start -= 1;
  let end = start;
  let depth = 0;
  for (; end < text.length; end += 1) {
    const character = text[end] ?? '\n';
    if (character === '{') depth += 1;
    if (character === '}' && --depth < 0) break;
    if (/[\n\r]/.test(character) || (depth === 0 && /[\s,\]]/.test(character))) break;
  }
  return { offset: start, value: text.slice(start, end) };
}
