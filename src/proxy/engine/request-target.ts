/** Visible characters, a byte each: nothing that would end the request target or its line (RFC 9112 §3.2). */
const REQUEST_TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * Gives back a request target that a handler has made; the client's own have been checked when they came.
 * @throws TypeError for one that would not stay on its line
 */
export function requireTarget(path: string): string {
  if (REQUEST_TARGET.test(path)) return path;
  throw new TypeError(`${JSON.stringify(path)} is no request target`);
}
