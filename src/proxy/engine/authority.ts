/** Grammar of a Host field and of the authority of an absolute-form target (RFC 9110 §7.2, RFC 3986 §3.2). Pure. */

/** A host name or IPv4 address, or an IPv6 address in brackets, and a port. No user information. */
const AUTHORITY =
  /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9\-._~]+)?\])(?::[0-9]{0,5})?$/;

/** Why a request with another Host is refused, as RFC 9112 §3.2 demands. */
export const HOST_REFUSED = 'the Host field is malformed';

export const validAuthority = (authority: string): boolean => AUTHORITY.test(authority);
