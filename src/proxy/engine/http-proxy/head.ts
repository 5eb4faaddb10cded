/** Reads a parsed request's head, and refuses what Node's parser accepts but a server behind it may read differently. */
import type { IncomingMessage } from 'node:http';

import type { Reply, RequestHead } from '../engine.ts';
import { HOST_REFUSED, validAuthority } from '../authority.ts';
import { fieldsOf } from '../fields.ts';
import { refusal } from '../refusal.ts';
import { encodeTarget, FRAGMENT_REFUSED, hasFragment } from '../request-target.ts';

/** The head, or the 400 that the request gets. An absolute-form `req.url` becomes origin form, in the characters that it has. */
export function readHead(req: IncomingMessage, upgrade: boolean): RequestHead | Reply {
  const hosts = valuesOf(req, 'host');
  if (hosts.length > 1) return refusal('more than one Host header'); // RFC 9112 §3.2
  const framing = framingProblem(req);
  if (framing !== undefined) return refusal(framing);
  const [host = ''] = hosts;
  if (host !== '' && !validAuthority(host)) return refusal(HOST_REFUSED);
  if (hasFragment(req.url ?? '')) return refusal(FRAGMENT_REFUSED);
  const target = originForm(req, host);
  if (target === undefined) return refusal('the request target does not fit the Host header');
  const path = encodeTarget(target);
  req.url = path;
  return {
    method: req.method ?? 'GET',
    path,
    host,
    ...fieldsOf(req.headers),
    upgrade,
    remoteAddress: req.socket.remoteAddress ?? '',
  };
}

/** Every line of a header: `req.headers` keeps only the first of some. */
const valuesOf = (req: IncomingMessage, name: string): string[] => req.headersDistinct[name] ?? [];

/** RFC 9112 §6.1 and §6.3: the length of the body must have one reading. */
function framingProblem(req: IncomingMessage): string | undefined {
  const codings = valuesOf(req, 'transfer-encoding');
  if (codings.length === 0) return undefined;
  if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
    return 'Transfer-Encoding is not exactly "chunked"';
  }
  if (valuesOf(req, 'content-length').length > 0) return 'both Transfer-Encoding and Content-Length';
  return req.httpVersion === '1.0' ? 'Transfer-Encoding in an HTTP/1.0 request' : undefined;
}

/** RFC 9112 §3.2: the target in origin form, or undefined if it is none that a gateway serves. */
function originForm(req: IncomingMessage, host: string): string | undefined {
  const target = req.url ?? '';
  if (target.startsWith('/')) return target;
  if (target === '*') return req.method === 'OPTIONS' ? target : undefined;
  const [, authority, rest = ''] = /^http:\/\/([^/?#]+)(.*)$/is.exec(target) ?? [];
  if (authority === undefined || authority.toLowerCase() !== host.toLowerCase()) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** RFC 9110 §7.8: only WebSocket is spoken, any other upgrade may be ignored. */
export function isWebSocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket';
}
