/** What a request means: who is asked for what, how it is framed, what it says about the connection. */
import { METHODS as KNOWN_METHODS } from 'node:http';

import { HOST_REFUSED, validAuthority } from '../authority.ts';
import { encodeTarget, FRAGMENT_REFUSED, hasFragment } from '../request-target.ts';
import { upgradeOf } from '../upgrade.ts';
import { readConnection, type ConnectionOptions } from './connection-field.ts';
import { listOf, valueOf } from './fields.ts';
import { FIELD } from './field-names.ts';
import { frameRequest, type Framing } from './framing.ts';
import type { HeadReader } from './head-reader.ts';
import { concernsConnection } from './login.ts';
import { isProblem, problem, type Problem } from './problem.ts';
import { parseTarget, sameAuthority } from './target.ts';

/** Methods that most servers know. Others are passed on: who does not know them says so. */
const METHODS = new Set(KNOWN_METHODS);

export interface Request {
  readonly method: string;
  /** As it is forwarded: origin form or `*`, and in the characters that a target has. */
  readonly target: string;
  /** The authority as sent; empty if there is none. */
  readonly host: string;
  readonly hasHostField: boolean;
  /** The x of HTTP/1.x. */
  readonly minor: number;
  readonly framing: Framing;
  readonly connection: ConnectionOptions;
  /** The protocols that the client wants to go on with, where the target agrees, as a list; `websocket` in a handshake. */
  readonly upgrade: string | undefined;
  /** The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4). */
  readonly acceptsTrailers: boolean;
  /** Whether the request logs in the connection that it is sent on, see `login.ts`. */
  readonly logsIn: boolean;
  /** The whole head, a character per byte. */
  readonly text: string;
}

/** RFC 9110 §9.2.2: a second time does no more than the first. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Whether it can be sent again without harm, as long as no byte of a response has come. */
export const isRepeatable = ({ framing, method }: Request): boolean =>
  framing.kind === 'none' && IDEMPOTENT.has(method);

/** Methods whose content has a defined meaning (RFC 9110 §9.3): a service that lets it lie is not to be expected. */
const READS_BODY = new Set(['POST', 'PUT', 'PATCH']);

/** Whether the service may let its body lie, and take what is left of that for the next request of the connection. */
export const mayBeLeftUnread = ({ framing, method }: Request): boolean =>
  framing.kind !== 'none' && !READS_BODY.has(method);

export function readRequest(reader: HeadReader): Request | Problem {
  const { bytes, start, minor } = reader;
  const text = bytes.toString('latin1', start, reader.end);
  const method = text.slice(0, reader.methodEnd - start);
  if (method !== 'GET' && !METHODS.has(method) && METHODS.has(method.toUpperCase())) {
    // Some servers take it for the other one, whose responses are framed by other rules (HEAD).
    return problem(501, `the method ${method} is written in capitals: ${method.toUpperCase()}`);
  }
  if (method === 'CONNECT') return problem(400, 'this proxy opens no tunnels for CONNECT');

  const sent = text.slice(reader.targetStart - start, reader.targetEnd - start);
  if (hasFragment(sent)) return problem(400, FRAGMENT_REFUSED);
  const target = parseTarget(method, sent);
  if (target === undefined) return problem(400, 'the request target is malformed');
  const host = readHost(reader, text);
  if (typeof host === 'object') return host;
  // RFC 9112 §3.2.2 would have the target win; two names for one request are how gates are passed by.
  if (target.authority !== undefined && host !== undefined && !sameAuthority(target.authority, host)) {
    return problem(400, 'the request target and the Host field name different hosts');
  }

  const framing = frameRequest(reader, bytes);
  if (isProblem(framing)) return framing;
  const connection = readConnection(reader, text);
  if (isProblem(connection)) return connection;
  return {
    method,
    target: encodeTarget(target.path),
    host: host ?? target.authority ?? '',
    hasHostField: host !== undefined,
    minor,
    framing,
    connection,
    upgrade: readUpgrade(reader, text, method, connection, framing),
    acceptsTrailers: connection.names.includes('te') && hasTrailersOption(reader, text),
    logsIn: concernsConnection(reader, text, FIELD.AUTHORIZATION),
    text,
  };
}

/** Exactly one, well formed; HTTP/1.0 may go without (RFC 9112 §3.2). */
function readHost(reader: HeadReader, text: string): string | undefined | Problem {
  let host: string | undefined;
  for (let field = 0; field < reader.count; field += 1) {
    if (reader.idOf(field) !== FIELD.HOST) continue;
    if (host !== undefined) return problem(400, 'there are two Host fields');
    host = valueOf(reader, text, field);
  }
  if (host === undefined) return reader.minor === 0 ? undefined : problem(400, 'there is no Host field');
  return host === '' || validAuthority(host) ? host : problem(400, HOST_REFUSED);
}

/**
 * Reads the offers that are passed on. WebSocket is none where the handshake is no GET without a body (RFC 6455 §4.1):
 * recipients disagree on what the bytes behind such a head are.
 */
function readUpgrade(
  reader: HeadReader,
  text: string,
  method: string,
  connection: ConnectionOptions,
  framing: Framing,
): string | undefined {
  if (!connection.upgrade || reader.minor === 0) return undefined;
  return upgradeOf(listOf(reader, text, FIELD.UPGRADE), method === 'GET' && framing.kind === 'none');
}

function hasTrailersOption(reader: HeadReader, text: string): boolean {
  for (let field = 0; field < reader.count; field += 1) {
    if (reader.idOf(field) !== FIELD.TE) continue;
    if (/(?:^|[,\s])trailers(?:$|[,\s])/i.test(valueOf(reader, text, field))) return true;
  }
  return false;
}
