/** Which `Upgrade` of a request is passed on (RFC 9110 §7.8). Pure. */

/** One protocol, perhaps with its version; a list leaves the choice to whoever reads it first. */
const PROTOCOL = /^[!#$%&'*+.^_`|~0-9a-z-]+(?:\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/i;

/**
 * Further versions of HTTP, and TLS below it: what is said over such a connection are requests again, past the front's
 * own rules. They are ignored, as RFC 9110 §7.8 allows and clients that offer them expect.
 */
const HTTP_AGAIN = /^(?:h2c?|h3|https?|spdy|tls|ssl)(?:[/.-]|$)/i;

/** @returns the protocol that the client may go on with if the service agrees; undefined where the field is ignored */
export function upgradeOf(field: string | undefined): string | undefined {
  if (field === undefined || !PROTOCOL.test(field) || HTTP_AGAIN.test(field)) return undefined;
  return isWebSocket(field) ? 'websocket' : field;
}

export const isWebSocket = (protocol: string): boolean => protocol.toLowerCase() === 'websocket';
