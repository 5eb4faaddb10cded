/** WebSocket handshakes and the tunnel after them. */
import { IncomingMessage, STATUS_CODES, type ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

import type httpProxy from 'http-proxy';

import { reset } from '../../reset.ts';
import { watchWebSocket } from '../../websocket.ts';
import { UnusableResponseError, type Forward, type Reply } from '../engine.ts';
import { isWebSocket } from '../upgrade.ts';
import type { Dialler } from './dial.ts';
import { requestOptions } from './exchange.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import type { HalfClosed } from './half-closed.ts';
import type { Lingers } from './lingers.ts';

/** What a client may send before its handshake is answered (bytes). */
const MAX_EARLY = 65_536;

const NOTHING = Buffer.alloc(0);

export interface Upgrade {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** What came after the head. */
  readonly early: Buffer;
}

/** A handshake without an answer. It reads, or nobody would notice that the client has left. */
export interface Waiting {
  readonly gone: AbortSignal;
  /**
   * Ends the waiting; what was read goes back to the socket.
   * @returns what was read, where the client has closed its half: nothing goes back then
   */
  end(): Buffer;
}

export function watchWaiting({ socket, early }: Upgrade, halfClosed: HalfClosed): Waiting {
  const gone = new AbortController();
  const chunks = [early];
  let size = early.length;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_EARLY) socket.destroy();
  };
  const leave = (): void => gone.abort();
  socket.on('data', keep).once('close', leave);
  return {
    gone: gone.signal,
    end: () => {
      halfClosed.release(socket);
      socket.pause().off('data', keep).off('close', leave);
      const read = Buffer.concat(chunks);
      if (socket.readableEnded) return read;
      if (read.length > 0 && !socket.destroyed) socket.unshift(read);
      return NOTHING;
    },
  };
}

export interface Tunnel {
  readonly proxy: httpProxy;
  readonly dialler: Dialler;
  readonly lingers: Lingers;
  readonly req: IncomingMessage;
  readonly waiting: Waiting;
  /** The handshake was sent, and is made again: not more than once. */
  readonly isRepeated?: boolean;
  /** Set where it was tried before. */
  readonly report?: Report;
}

export function tunnel(tried: Tunnel, decision: Forward): void {
  const { proxy, dialler, lingers, req, waiting } = tried;
  const { socket } = req;
  const { target } = decision;
  const original = { ...req.headers };
  const release = beginTunnel(socket, decision);
  let answered = false;
  let isSent = false;
  const report = tried.report ?? reportOnce(socket, decision);
  waiting.gone.addEventListener('abort', () => socket.destroy());
  req.headers = {
    ...requestHeaders(req, decision.headers),
    connection: 'Upgrade',
    upgrade: 'websocket',
  };
  const onRequest = (outgoing: ClientRequest, incoming: IncomingMessage): void => {
    if (incoming !== req) return;
    proxy.off('proxyReqWs', onRequest);
    outgoing.path = decision.path ?? req.url ?? '/';
    outgoing.once('socket', () => {
      isSent = true;
    });
    refuseOthers(outgoing, fail);
    outgoing.once('response', (response) => {
      answered = true;
      report(response.statusCode);
      waiting.end();
      prepareRefusal(tried, response);
    });
    outgoing.once('upgrade', (response, backend) => {
      answered = true;
      report(101);
      const read = waiting.end();
      if (read.length > 0) backend.write(read);
      response.headers = {
        ...responseHeaders(response, undefined),
        connection: 'Upgrade',
        upgrade: 'websocket',
      };
      // After the package has put back what came with the 101, and before the first byte flows.
      process.nextTick(() => {
        decision.until?.addEventListener('abort', watchWebSocket({ client: socket, backend }));
      });
      // Each end goes when the other has, after what is still to be written.
      socket.once('close', () => backend.destroySoon());
      backend.once('close', () => socket.destroySoon());
      // What was broken off must not look as if it had ended; the package ends it.
      backend.once('error', () => reset(socket));
      socket.once('error', () => reset(backend));
    });
    socket.once('close', () => outgoing.destroy());
  };
  proxy.on('proxyReqWs', onRequest);
  const fail = (error: Error): void => {
    if (answered || socket.destroyed) return;
    answered = true;
    release();
    keepOpen(socket);
    req.headers = original;
    const isRepeated = isSent || tried.isRepeated === true;
    const failed = { proxy, dialler, lingers, req, waiting, report, isRepeated };
    const isLast = error instanceof UnusableResponseError || (isSent && tried.isRepeated === true);
    void tryAgain(failed, decision, { error, wasSent: isSent, isLast });
  };
  try {
    proxy.ws(
      req,
      socket,
      NOTHING,
      {
        target: {
          protocol: `${target.protocol}:`,
          host: target.host,
          port: target.port,
          ...(target.tls?.ca === undefined ? {} : { ca: target.tls.ca }),
        },
        agent: dialler[target.protocol],
        ssl: requestOptions(target),
        // The package's own words, over those of `ssl`.
        secure: target.tls?.verify !== false,
        toProxy: true,
      },
      fail,
    );
  } catch (error) {
    proxy.off('proxyReqWs', onRequest);
    fail(error instanceof Error ? error : new Error(String(error)));
  }
}

/**
 * Refuses a 101 to anything but the WebSocket that was asked for (RFC 9110 §7.8). The package would say it was one, and
 * go on; one that names no protocol, which Node takes for a final response, it would pass on as the answer.
 */
function refuseOthers(outgoing: ClientRequest, fail: (error: Error) => void): void {
  const emit = outgoing.emit.bind(outgoing);
  outgoing.emit = (event: string | symbol, ...told: unknown[]): boolean => {
    const [response] = told;
    if (!(response instanceof IncomingMessage) || response.statusCode !== 101) return emit(event, ...told);
    if (event === 'upgrade' && isWebSocket(response.headers.upgrade ?? '')) return emit(event, ...told);
    response.socket.destroy();
    fail(new UnusableResponseError('it switches protocols unasked'));
    return true;
  };
}

type Report = (status?: number, bytes?: number) => void;

/** Tells whoever asked how the handshake ended: the first that is told counts. */
function reportOnce(socket: Socket, { onDone }: Forward): Report {
  if (onDone === undefined) return () => undefined;
  let told = false;
  const report = (status?: number, bytes = 0): void => {
    if (told) return;
    told = true;
    socket.off('close', left);
    onDone({ status, bytes, complete: status !== undefined });
  };
  const left = (): void => report();
  socket.once('close', left);
  return report;
}

/** Tells once when the tunnel is over. */
function beginTunnel(socket: Socket, { onEnd }: Forward): () => void {
  const release = (): void => {
    socket.off('close', release);
    onEnd?.();
  };
  if (socket.destroyed) setImmediate(release);
  else socket.once('close', release);
  return release;
}

/** The package ends the socket after it has told of a failure, in the same turn: not before there is an answer. */
function keepOpen(socket: Socket): void {
  Object.defineProperty(socket, 'end', { value: () => socket, configurable: true });
  queueMicrotask(() => Reflect.deleteProperty(socket, 'end'));
}

interface Failure {
  readonly error: Error;
  readonly wasSent: boolean;
  /** No other attempt follows. */
  readonly isLast: boolean;
}

/** A handshake is a GET without a body: what was sent of it may be sent once more. */
async function tryAgain(failed: Tunnel, decision: Forward, failure: Failure): Promise<void> {
  const { error, wasSent, isLast } = failure;
  const next = isLast ? undefined : await decision.again?.(error, wasSent ? 'sent' : 'unsent');
  if (next?.action === 'forward') return tunnel(failed, next);
  failed.waiting.end();
  const reply = next?.reply ?? (await decision.onUnreachable(error));
  failed.report?.(reply.status, Buffer.byteLength(reply.body));
  replyRaw(failed.req.socket, failed.lingers, reply);
}

/** The backend said no: its answer goes through, framed by its length or by the end of the connection. */
function prepareRefusal({ lingers, req: { socket } }: Tunnel, response: IncomingMessage): void {
  response.headers = responseHeaders(response, 'close');
  lingers.outstay(socket);
  response.once('close', () => {
    if (!response.complete) socket.destroySoon();
  });
}

/** An answer on a connection that Node's server has let go of. */
export function replyRaw(socket: Socket, lingers: Lingers, { status, headers, body }: Reply): void {
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  lingers.outstay(socket);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
}
