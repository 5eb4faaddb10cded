/** What the service is told about the client. Pure. */
import type { Forward, RequestHead } from '../proxy/engine/engine.ts';
import { PSEUDONYM } from './gate.ts';
import type { FrontRoute } from './table.ts';

type Headers = Forward['headers'];

/** What was said last of a route's clients: they are nearly always alike. */
interface Said {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly headers: Headers;
}

const lastOf = new WeakMap<FrontRoute, Said>();

/**
 * The headers for a route. The object is the same as long as nothing in it changes, which spares the engine to
 * check and to write it for every request.
 * @param port the front's
 */
export function headersFor(head: RequestHead, route: FrontRoute, port: number): Headers {
  const { host, remoteAddress: address } = head;
  const isUsual = head.field('via') === undefined && claimsOf(head).length === 0;
  const last = isUsual ? lastOf.get(route) : undefined;
  if (last !== undefined && last.host === host && last.address === address && last.port === port) {
    return last.headers;
  }
  const { path = '/', rewrite, hostHeader } = route;
  const headers = {
    ...forwardingHeaders(head, port, hostHeader),
    // What it has to put in front of its links.
    ...(rewrite === undefined || path === '/' ? {} : { 'x-forwarded-prefix': path }),
  };
  if (isUsual) lastOf.set(route, { host, address, port, headers });
  return headers;
}

/**
 * The forwarding headers, made anew: the front is the first hop that can be trusted, so what a client says of
 * others is dropped.
 * @param port the front's
 * @param hostHeader sent in place of the client's Host
 */
export function forwardingHeaders(head: RequestHead, port: number, hostHeader: string | undefined): Headers {
  const address = head.remoteAddress;
  const via = head.field('via');
  return {
    ...Object.fromEntries(claimsOf(head).map((name) => [name, undefined])),
    'x-forwarded-for': address,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': head.host,
    'x-forwarded-port': String(port),
    // RFC 7239 §4, §6: an IPv6 address is quoted and in brackets; a host may carry a port.
    forwarded: `for=${address.includes(':') ? `"[${address}]"` : address};host="${head.host}";proto=http`,
    via: `${via === undefined || via === '' ? '' : `${via}, `}1.1 ${PSEUDONYM}`,
    ...(hostHeader === undefined ? {} : { host: hostHeader }),
  };
}

/** What the client says of itself or of others. */
const claimsOf = (head: RequestHead): readonly string[] =>
  head.fieldsLike('x').filter((name) => CLAIM.test(name));

/** Servers that hand fields on as variables take `_` and `-` for the same (RFC 3875 §4.1.18). */
const CLAIM = /^x[-_](?:real[-_]ip$|forwarded[-_])/;
