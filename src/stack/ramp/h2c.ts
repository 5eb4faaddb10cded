/**
 * Relays HTTP/2 without TLS (prior knowledge, RFC 9113 §3.3), which gRPC speaks: each stream goes to an instance of its
 * own choice, so that a swap holds per request, also on a connection that is kept. Trailers go along: gRPC puts its
 * status there.
 */
import {
  connect,
  constants,
  createServer,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';

import { jsonReply } from '../../proxy/replies.ts';
import type { Entry, Gate, RampTarget } from './gate.ts';
import type { Relay } from './tcp.ts';

/** How often a stream is tried again where its instance takes no connection: nothing of it was sent then. */
const ATTEMPTS = 20;

/** An instance may listen on either loopback family. */
const FAMILIES = ['127.0.0.1', '[::1]'];

const END_STREAM = constants.NGHTTP2_FLAG_END_STREAM;

export function createH2cRelay(gate: Gate, service: string): Relay {
  const server = createServer();
  const sockets = new Set<Socket>();
  const upstreams = createUpstreams();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
    stream.on('error', () => undefined);
    void serve(stream, headers, (flags & END_STREAM) !== 0);
  });
  server.on('sessionError', () => undefined);

  const serve = async (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    bodiless: boolean,
  ): Promise<void> => {
    const gone = new AbortController();
    stream.once('close', () => gone.abort());
    let entry = await gate.enter('exchange', gone.signal);
    for (let attempt = 1; entry.kind === 'passage'; attempt += 1) {
      const { target, passage } = entry;
      const session = await upstreams.take(target);
      if (session !== undefined && !stream.destroyed) {
        return relay(
          stream,
          session.request(headers, { endStream: bodiless, waitForTrailers: !bodiless }),
          entry,
        );
      }
      passage.end();
      if (attempt === ATTEMPTS || stream.destroyed) break;
      entry = await gate.reenter(target, 'exchange', gone.signal);
    }
    refuse(stream, headers, service);
  };

  return {
    accept: (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      server.emit('connection', socket);
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      upstreams.close();
    },
  };
}

function relay(
  stream: ServerHttp2Stream,
  upstream: ClientHttp2Stream,
  { passage }: Extract<Entry, { kind: 'passage' }>,
): void {
  let requestTrailers: IncomingHttpHeaders = {};
  let responseTrailers: IncomingHttpHeaders = {};
  const cut = (): void => {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    upstream.close(constants.NGHTTP2_CANCEL);
  };
  passage.until.addEventListener('abort', cut);
  stream.on('trailers', (trailers) => (requestTrailers = trailers));
  upstream.on('wantTrailers', () => upstream.sendTrailers(withoutPseudo(requestTrailers)));
  upstream.on('trailers', (trailers) => (responseTrailers = trailers));
  stream.on('wantTrailers', () => stream.sendTrailers(withoutPseudo(responseTrailers)));
  upstream.on('response', (headers, flags) => {
    if (stream.destroyed || stream.headersSent) return;
    const isWhole = (flags & END_STREAM) !== 0;
    stream.respond(headers, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (!isWhole) upstream.pipe(stream);
  });
  // It may have done something: it is not asked again, and what it said so far is not the whole.
  upstream.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  upstream.once('close', () => {
    if (upstream.rstCode !== 0) stream.close(upstream.rstCode);
    passage.until.removeEventListener('abort', cut);
    passage.end();
  });
  stream.once('close', () => {
    if (!upstream.closed) upstream.close(constants.NGHTTP2_CANCEL);
  });
  if (!upstream.writableEnded) stream.pipe(upstream);
}

/** Connections to instances, one each; made when they are needed. */
function createUpstreams(): {
  take(target: RampTarget): Promise<ClientHttp2Session | undefined>;
  close(): void;
} {
  const sessions = new Map<string, Promise<ClientHttp2Session | undefined>>();
  const open = new Set<ClientHttp2Session>();
  const dial = async ({ host, port }: RampTarget, key: string): Promise<ClientHttp2Session | undefined> => {
    for (const address of host === '127.0.0.1' ? FAMILIES : [host]) {
      const session = await tryConnect(`http://${address}:${port}`);
      if (session === undefined) continue;
      open.add(session);
      session.once('close', () => {
        open.delete(session);
        sessions.delete(key);
      });
      // The instance is about to go: later streams get a connection to whoever is there then.
      session.once('goaway', () => sessions.delete(key));
      return session;
    }
    sessions.delete(key);
    return undefined;
  };
  return {
    take: (target) => {
      const key = `${target.host}:${target.port}`;
      const known = sessions.get(key) ?? dial(target, key);
      sessions.set(key, known);
      return known;
    },
    close: () => {
      for (const session of open) session.destroy();
    },
  };
}

function tryConnect(authority: string): Promise<ClientHttp2Session | undefined> {
  return new Promise((resolve) => {
    const session = connect(authority);
    session.on('error', () => resolve(undefined));
    session.once('close', () => resolve(undefined));
    session.once('connect', () => resolve(session));
  });
}

/** Of trailers; RFC 9113 §8.1 allows them no pseudo-header. */
const withoutPseudo = (headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));

/** gRPC looks at its own status only: 14 is UNAVAILABLE, which its clients try again. */
function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, service: string): void {
  if (stream.destroyed) return;
  const message = `the service ${service} is not there`;
  const isGrpc = headers['content-type']?.startsWith('application/grpc') === true;
  if (isGrpc) {
    const status = { 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': message };
    stream.respond({ ':status': 200, ...status }, { endStream: true });
    return;
  }
  const reply = jsonReply('SERVICE_STARTING', { message, retryAfter: 1 });
  stream.respond({ ':status': reply.status, ...reply.headers });
  stream.end(reply.body);
}
