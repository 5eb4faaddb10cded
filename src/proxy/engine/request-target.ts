/** Request targets, as they are written (RFC 9112 §3.2, RFC 3986 §2). */

/** Visible characters, a byte each: nothing that would end the request target or its line (RFC 9112 §3.2). */
const REQUEST_TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * What a target has no raw form for: what is no ASCII, and visible characters that some recipients read as others. The
 * brackets of `a[]=1` are no better by the grammar, but every browser sends them, and all read them alike.
 */
const UNWRITTEN = /["<>\\^`{|}\x80-\xff]/g;

/** Per byte: it can stay as it is. */
const WRITTEN = Uint8Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(byte).search(UNWRITTEN) === -1 ? 1 : 0,
);

/**
 * Why a target with a fragment is refused. Some recipients cut it off, for others it is a part of the path; encoded, it
 * would ask for another resource than the client meant (RFC 9112 §3.2).
 */
export const FRAGMENT_REFUSED =
  'the request target has a "#": leave out the fragment, or write the character as %23';

export const hasFragment = (target: string): boolean => target.includes('#');

/** Writes what no target has, a character per byte, in the form that there is for it (RFC 3986 §2.1). */
export function encodeTarget(target: string): string {
  if (isWritten(target)) return target;
  return target.replace(UNWRITTEN, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** By hand: for so short a text, a regular expression takes longer to start than to run. */
function isWritten(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (WRITTEN[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/**
 * Gives back a request target that a handler has made; the client's own have been checked when they came.
 * @throws TypeError for one that would not stay on its line
 */
export function requireTarget(path: string): string {
  if (REQUEST_TARGET.test(path)) return path;
  throw new TypeError(`${JSON.stringify(path)} is no request target`);
}
