/** One request and its response through the npm package, with what that leaves out. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Stream } from 'node:stream';

import type httpProxy from 'http-proxy';

import { errnoOf } from '../../../lib/errors.ts';
import { tlsOptions } from '../../target-tls.ts';
import { UnusableResponseError, type Decision, type Forward, type Reply } from '../engine.ts';
import type { Dialler } from './dial.ts';
import { MAX_INTERIM } from '../interim.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import type { Lingers } from './lingers.ts';

export interface Exchange {
  readonly proxy: httpProxy;
  readonly dialler: Dialler;
  readonly lingers: Lingers;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The request was sent, and is made again: not more than once (RFC 9110 §9.2.2). */
  readonly isRepeated?: boolean;
  /** Where somebody asks how it goes. */
  readonly count?: Count | undefined;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function forward(exchange: Exchange, decision: Forward): void {
  const { req, res } = exchange;
  const count = exchange.count ?? (decision.onDone && reportOutcome(res, decision.onDone));
  const original = { ...req.headers };
  req.headers = requestHeaders(req, decision.headers);
  send({ ...exchange, count }, decision, {
    isRepeatable: IDEMPOTENT.has(req.method ?? '') && !hasBody(req),
    restart: (next, wasSent) => {
      req.headers = original;
      const isRepeated = wasSent || exchange.isRepeated === true;
      if (next.action === 'forward') forward({ ...exchange, count, isRepeated }, next);
      else replyTo({ ...exchange, count }, next.reply);
    },
  });
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

interface Attempt {
  /** The request may be sent a second time even if a part of it was sent. */
  readonly isRepeatable: boolean;
  readonly restart: (decision: Decision, wasSent: boolean) => void;
}

function send(exchange: Exchange, decision: Forward, attempt: Attempt): void {
  const { proxy, dialler, req, res, count } = exchange;
  const { target } = decision;
  let response: IncomingMessage | undefined;
  let over = false;
  let isSent = false;
  const release = beginExchange(exchange, decision);
  const fail = (cause: Error): void => {
    const error = explain(cause);
    if (over || res.destroyed || response?.complete === true) return;
    over = true;
    req.unpipe();
    release();
    const isAnswered = response !== undefined || res.headersSent;
    if (res.headersSent) res.socket?.destroySoon();
    else if (!isAnswered && (!isSent || (attempt.isRepeatable && exchange.isRepeated !== true))) {
      void askAgain(exchange, decision, { error, wasSent: isSent }, attempt.restart);
    } else void excuse(exchange, decision, error);
  };
  const body = bodyOf(req, (request) => {
    // The package would fold `//` in the path.
    request.path = decision.path ?? req.url ?? '/';
    request.once('socket', () => {
      isSent = true;
    });
    req.once('end', () => request.addTrailers(req.trailers));
    let interim = 0;
    request.on('information', (information) => {
      interim += 1;
      if (interim <= MAX_INTERIM) passInformation(req, res, information);
      else request.destroy(new UnusableResponseError('it goes on with 1xx responses without end'));
    });
    request.once('response', (incoming) => {
      // Without "Connection: upgrade" Node takes it for a final response (RFC 9110 §15.2.2).
      if (incoming.statusCode === 101) {
        incoming.headers = {};
        incoming.rawHeaders = [];
        // The package is about to pipe it, and what is destroyed ends what it is piped into.
        process.nextTick(() => {
          incoming.unpipe(res);
          request.destroy(new UnusableResponseError('it switches protocols unasked'));
        });
        return;
      }
      response = incoming;
      prepareResponse(exchange, incoming);
      if (count !== undefined) incoming.on('data', (chunk: Buffer) => count(chunk.length));
    });
    res.once('close', () => request.destroy());
    // It may also end without an error, as at a 101 that nobody asked for.
    request.once('close', () => response ?? fail(new UnusableResponseError('no answer')));
    // The head may be answered before the body has begun.
    if (hasBody(req)) request.flushHeaders();
  });
  try {
    proxy.web(
      req,
      res,
      {
        target: {
          protocol: `${target.protocol}:`,
          host: target.host,
          port: target.port,
          ...(target.tls?.ca === undefined ? {} : { ca: target.tls.ca }),
        },
        agent: dialler[target.protocol],
        // Passed to the request as they are.
        ssl: requestOptions(target),
        // The package's own words, over those of `ssl`.
        secure: target.tls?.verify !== false,
        buffer: body,
        toProxy: true,
      },
      fail,
    );
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Node's parser stops with a code of its own at what is not, or no longer, HTTP. */
function explain(error: Error): Error {
  const code = errnoOf(error);
  const isHttp = code?.startsWith('HPE_') === true && code !== 'HPE_INVALID_CONSTANT';
  return isHttp ? new UnusableResponseError(error.message, { cause: error }) : error;
}

/** Ends the exchange when it must, and tells once when it is over. */
function beginExchange({ res }: Exchange, { onEnd, until }: Forward): () => void {
  const cut = (): void => void res.socket?.destroy();
  const release = (): void => {
    until?.removeEventListener('abort', cut);
    res.off('close', release);
    onEnd?.();
  };
  until?.addEventListener('abort', cut);
  res.once('close', release);
  return release;
}

async function excuse(exchange: Exchange, decision: Forward, error: Error): Promise<void> {
  const answer = await decision.onUnreachable(error);
  if (!exchange.res.destroyed) replyTo(exchange, answer);
}

async function askAgain(
  { res }: Exchange,
  decision: Forward,
  { error, wasSent }: { readonly error: Error; readonly wasSent: boolean },
  restart: Attempt['restart'],
): Promise<void> {
  const next = (await decision.again?.(error, wasSent ? 'sent' : 'unsent')) ?? {
    action: 'reply' as const,
    reply: await decision.onUnreachable(error),
  };
  if (res.destroyed) {
    if (next.action === 'forward') next.onEnd?.();
  } else restart(next, wasSent);
}

export function requestOptions(target: Forward['target']): object {
  const shared = { maxHeaderSize: 262_144 };
  return target.protocol === 'http' ? shared : { ...shared, ...tlsOptions(target) };
}

/**
 * The package pipes its `buffer` option, where there is one, into the request that it made: the only moment at
 * which that request can be reached before anything of it is written.
 */
function bodyOf(req: IncomingMessage, onRequest: (outgoing: ClientRequest) => void): Stream {
  return Object.assign(new Stream(), {
    pipe<T extends NodeJS.WritableStream>(outgoing: T): T {
      const request = outgoing as unknown as ClientRequest;
      onRequest(request);
      // Not before there is a connection: a body that nothing was taken of can still go elsewhere.
      request.once('socket', () => req.pipe(outgoing));
      return outgoing;
    },
  });
}

function prepareResponse({ lingers, req, res }: Exchange, response: IncomingMessage): void {
  lingers.endEarly(req, res);
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

function replyTo(exchange: Exchange, answer: Reply): void {
  if (exchange.req.method !== 'HEAD') exchange.count?.(Buffer.byteLength(answer.body));
  reply(exchange, answer);
}

export function reply(
  { lingers, req, res }: Pick<Exchange, 'lingers' | 'req' | 'res'>,
  { status, headers, body }: Reply,
): void {
  lingers.endEarly(req, res);
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}
