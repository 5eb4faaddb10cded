/** One request and its response through the npm package, with what that leaves out. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { Stream } from 'node:stream';

import type httpProxy from 'http-proxy';

import type { Forward, Reply } from '../engine.ts';
import type { Dialler } from './dial.ts';
import { requestHeaders, responseHeaders } from './headers.ts';

export interface Exchange {
  readonly proxy: httpProxy;
  readonly dialler: Dialler;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function forward(exchange: Exchange, decision: Forward): void {
  const { req, res } = exchange;
  const count = decision.onDone === undefined ? undefined : reportOutcome(res, decision.onDone);
  req.headers = requestHeaders(req, decision.headers);
  send({ ...exchange, count }, decision, IDEMPOTENT.has(req.method ?? '') && !hasBody(req));
}

/** Counts bytes of the body. */
type Count = (bytes: number) => void;

function reportOutcome(res: ServerResponse, onDone: NonNullable<Forward['onDone']>): Count {
  let bytes = 0;
  res.once('close', () => {
    const status = res.headersSent ? res.statusCode : undefined;
    onDone({ status, bytes, complete: res.writableFinished });
  });
  return (more) => {
    bytes += more;
  };
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;

/** @param again whether the request may be sent a second time, over another connection */
function send(
  exchange: Exchange & { readonly count?: Count | undefined },
  decision: Forward,
  again: boolean,
): void {
  const { proxy, dialler, req, res, count } = exchange;
  const { target } = decision;
  let outgoing: ClientRequest | undefined;
  let response: IncomingMessage | undefined;
  let over = false;
  const fail = (error: Error): void => {
    if (over || res.destroyed || response?.complete === true) return;
    over = true;
    req.unpipe();
    // A backend may close a kept connection at the moment it is used again (RFC 9110 §9.2.2).
    if (again && outgoing?.reusedSocket === true && response === undefined) send(exchange, decision, false);
    else if (res.headersSent) res.socket?.destroySoon();
    else {
      const answer = decision.onUnreachable(error);
      if (req.method !== 'HEAD') count?.(Buffer.byteLength(answer.body));
      reply(res, answer);
    }
  };
  const body = bodyOf(req, (request) => {
    outgoing = request;
    // The package would fold `//` in the path.
    request.path = decision.path ?? req.url ?? '/';
    req.once('end', () => request.addTrailers(req.trailers));
    request.on('information', (information) => passInformation(req, res, information));
    request.once('response', (incoming) => {
      response = incoming;
      prepareResponse(req, res, incoming);
      if (count !== undefined) incoming.on('data', (chunk: Buffer) => count(chunk.length));
    });
    res.once('close', () => request.destroy());
    // It may also end without an error, as at a 101 that nobody asked for.
    request.once('close', () => response ?? fail(new Error('no answer')));
    // The head may be answered before the body has begun.
    if (hasBody(req)) request.flushHeaders();
  });
  try {
    proxy.web(
      req,
      res,
      {
        target: { protocol: `${target.protocol}:`, host: target.host, port: target.port },
        agent: dialler.pool[target.protocol],
        // Passed to the request as they are.
        ssl: requestOptions(target),
        buffer: body,
        toProxy: true,
      },
      fail,
    );
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The certificate is checked against the target's own name, not against the Host header. */
export function requestOptions(target: Forward['target']): object {
  const shared = { maxHeaderSize: 65_536 };
  // An address is no server name (RFC 6066 §3), but is still what the certificate must be for.
  return target.protocol === 'http'
    ? shared
    : { ...shared, servername: isIP(target.host) ? '' : target.host };
}

/**
 * The package pipes its `buffer` option, where there is one, into the request that it made: the only moment at
 * which that request can be reached before anything of it is written.
 */
function bodyOf(req: IncomingMessage, onRequest: (outgoing: ClientRequest) => void): Stream {
  return Object.assign(new Stream(), {
    pipe<T extends NodeJS.WritableStream>(outgoing: T): T {
      onRequest(outgoing as unknown as ClientRequest);
      return req.pipe(outgoing);
    },
  });
}

function prepareResponse(req: IncomingMessage, res: ServerResponse, response: IncomingMessage): void {
  const connection = res.shouldKeepAlive ? 'keep-alive' : 'close';
  response.headers = responseHeaders(response, connection);
  // Node throws on a Trailer header where no trailers can follow.
  const chunked = response.headers['content-length'] === undefined && req.httpVersion !== '1.0';
  if (!chunked || req.method === 'HEAD' || [204, 304].includes(response.statusCode ?? 0)) {
    delete response.headers['trailer'];
  }
  response.once('end', () => res.addTrailers(response.trailers));
  response.once('close', () => {
    // Broken off: the client must see that, and not a whole but shorter body.
    if (!response.complete) res.socket?.destroySoon();
  });
  res.once('finish', () => {
    // Answered before all was sent: the rest is read and dropped, so that the answer arrives.
    if (!req.complete) req.unpipe().resume();
  });
}

/** 1xx other than 101 and 100 (RFC 8297, RFC 9110 §15.2); HTTP/1.0 knows none. */
function passInformation(
  req: IncomingMessage,
  res: ServerResponse,
  { statusCode, headers }: { statusCode: number; headers: NodeJS.Dict<string | string[]> },
): void {
  if (req.httpVersion === '1.0' || res.headersSent) return;
  if (statusCode === 102) res.writeProcessing();
  if (statusCode !== 103 || headers['link'] === undefined) return;
  try {
    res.writeEarlyHints(headers as Record<string, string | string[]>);
  } catch {
    // Hints that Node finds malformed are only hints.
  }
}

export function reply(res: ServerResponse, { status, headers, body }: Reply): void {
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}
