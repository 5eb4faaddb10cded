/** What the grammar of HTTP says about single bytes. Tables, because they are asked for every byte of a head. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

/** `tchar` of RFC 9110 §5.6.2: methods, field names, the words of a list. */
export const TOKEN = tableOf(`!#$%&'*+-.^_\`|~${DIGITS}${LETTERS}`);

/** `field-vchar`, space and tab of RFC 9110 §5.5: no control characters, no bare CR or LF. */
export const FIELD_VALUE = tableFor((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/**
 * What a request target may come with. RFC 3986 §2 allows less, but browsers send some visible ASCII raw (`|`, `^`), and
 * curl all other characters, too; `request-target.ts` writes them as the grammar has them.
 */
export const TARGET = tableFor((byte) => byte > SP && byte !== 0x7f);

/** Everything that does not end a line. */
export const LINE = tableFor((byte) => byte !== CR && byte !== LF);

/** A quoted string's bytes that need no backslash: `qdtext` of RFC 9110 §5.6.4. */
export const QUOTED_TEXT = tableFor((byte) => FIELD_VALUE[byte] === 1 && byte !== 0x22 && byte !== 0x5c);

function tableFor(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));
}

function tableOf(characters: string): Uint8Array {
  return tableFor((byte) => characters.includes(String.fromCharCode(byte)));
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Is `text` (lower case, of token characters) what stands at `from`, in any case? The length is the caller's to check. */
export function matchesAt(bytes: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) {
    // Among token characters this folds A-Z to a-z and maps no other pair together but ^ and ~.
    if (((bytes[from + index] as number) | 0x20) !== text[index]) return false;
  }
  return true;
}

/** The same for text, whose characters are bytes. From behind, since alike names begin alike (`sec-fetch-…`). */
export function startsLike(text: string, from: number, word: string): boolean {
  for (let index = word.length - 1; index >= 0; index -= 1) {
    if ((text.charCodeAt(from + index) | 0x20) !== (word.charCodeAt(index) | 0x20)) return false;
  }
  return true;
}

/** Finds the first byte that is not of the table, or `to`. Most of the work with a head is done here: four at a time. */
export function skip(table: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const last = to - 4;
  while (
    at <= last &&
    table[bytes[at] as number] === 1 &&
    table[bytes[at + 1] as number] === 1 &&
    table[bytes[at + 2] as number] === 1 &&
    table[bytes[at + 3] as number] === 1
  ) {
    at += 4;
  }
  while (at < to && table[bytes[at] as number] === 1) at += 1;
  return at;
}

export const isBlank = (byte: number | undefined): boolean => byte === SP || byte === HTAB;
