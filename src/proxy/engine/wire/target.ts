/** Request targets (RFC 9112 §3.2). */
import { validAuthority } from '../authority.ts';

export interface RequestTarget {
  /** Origin form, or `*`. */
  readonly path: string;
  /** Of an absolute-form target. */
  readonly authority: string | undefined;
}

const SLASH = 0x2f;
const ABSOLUTE = /^http:\/\/([^/?#]*)((?:[/?].*)?)$/i;

/** Takes origin form, absolute form and, for OPTIONS, the asterisk; undefined for anything else. */
export function parseTarget(method: string, target: string): RequestTarget | undefined {
  if (target.charCodeAt(0) === SLASH) return { path: target, authority: undefined };
  if (target === '*') return method === 'OPTIONS' ? { path: '*', authority: undefined } : undefined;
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? [];
  if (!validAuthority(authority)) return undefined;
  // RFC 9112 §3.2.4: an absolute-form OPTIONS without a path means the asterisk.
  if (rest === '') return { path: method === 'OPTIONS' ? '*' : '/', authority };
  return { path: rest.startsWith('/') ? rest : `/${rest}`, authority };
}

/** Host names are compared without case (RFC 3986 §6.2.2.1); a default port may be left out. */
export function sameAuthority(one: string, other: string): boolean {
  return withoutDefaultPort(one) === withoutDefaultPort(other);
}

const withoutDefaultPort = (authority: string): string => authority.toLowerCase().replace(/:(?:80)?$/, '');
