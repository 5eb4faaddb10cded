/** Which `Upgrade` of a request is passed on (RFC 9110 §7.8). Pure. */

/** One protocol, perhaps with its version. */
const PROTOCOL = /^[!#$%&'*+.^_`|~0-9a-z-]+(?:\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/i;

/**
 * Further versions of HTTP, and TLS below it: what is said over such a connection are requests again, past the front's
 * own rules. They are left out, as RFC 9110 §7.8 allows and clients that offer them expect.
 */
const HTTP_AGAIN = /^(?:h2c?|h3|https?|spdy|tls|ssl)(?:[/.-]|$)/i;

/** The protocols of a list. */
export const protocolsOf = (list: string): readonly string[] =>
  list
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');

/**
 * Finds what the client may go on with if the service agrees.
 * @param isHandshake whether the request is one of RFC 6455: no other one offers WebSocket
 * @returns one protocol or a list of them; undefined where none is left and the field is ignored
 */
export function upgradeOf(field: string | undefined, isHandshake = true): string | undefined {
  const offered = protocolsOf(field ?? '');
  if (!offered.every((protocol) => PROTOCOL.test(protocol))) return undefined;
  const passed = offered.filter(
    (protocol) => !HTTP_AGAIN.test(protocol) && (isHandshake || !isWebSocket(protocol)),
  );
  if (passed.length === 0) return undefined;
  return passed.map((protocol) => (isWebSocket(protocol) ? 'websocket' : protocol)).join(', ');
}

export const isWebSocket = (protocol: string): boolean => protocol.toLowerCase() === 'websocket';
