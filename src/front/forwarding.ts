/** What the service is told about the client. Pure. */
import type { Forward, RequestHead } from '../proxy/engine/engine.ts';
import { PSEUDONYM, textOf } from './gate.ts';

/**
 * The forwarding headers, made anew: the front is the first hop that can be trusted, so what a client says of
 * others is dropped.
 * @param port the front's
 * @param hostHeader sent in place of the client's Host
 */
export function forwardingHeaders(
  head: RequestHead,
  port: number,
  hostHeader: string | undefined,
): Forward['headers'] {
  const claimed = Object.keys(head.headers).filter((name) => /^(x-forwarded-.*|x-real-ip)$/.test(name));
  const address = head.remoteAddress;
  const via = textOf(head, 'via');
  return {
    ...Object.fromEntries(claimed.map((name) => [name, undefined])),
    'x-forwarded-for': address,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': head.host,
    'x-forwarded-port': String(port),
    // RFC 7239 §4, §6: an IPv6 address is quoted and in brackets; a host may carry a port.
    forwarded: `for=${address.includes(':') ? `"[${address}]"` : address};host="${head.host}";proto=http`,
    via: `${via === '' ? '' : `${via}, `}1.1 ${PSEUDONYM}`,
    ...(hostHeader === undefined ? {} : { host: hostHeader }),
  };
}
