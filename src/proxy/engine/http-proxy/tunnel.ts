/** WebSocket handshakes and the tunnel after them. */
import { STATUS_CODES, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type httpProxy from 'http-proxy';

import { watchWebSocket } from '../../websocket.ts';
import type { Forward, Reply } from '../engine.ts';
import type { Dialler } from './dial.ts';
import { requestOptions } from './exchange.ts';
import { requestHeaders, responseHeaders } from './headers.ts';

/** What a client may send before its handshake is answered (bytes). */
const MAX_EARLY = 65_536;

export interface Upgrade {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** What came after the head. */
  readonly early: Buffer;
}

/** Reads while the handshake waits, or nobody would notice that the client has left. */
export function watchWaiting({ socket, early }: Upgrade, onGone: () => void): () => Buffer {
  const chunks = [early];
  let size = early.length;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_EARLY) socket.destroy();
  };
  socket.on('data', keep).once('end', onGone).once('close', onGone);
  return () => {
    socket.pause().off('data', keep).off('end', onGone).off('close', onGone);
    return Buffer.concat(chunks);
  };
}

export function tunnel(proxy: httpProxy, dialler: Dialler, upgrade: Upgrade, decision: Forward): void {
  const { req, socket, early } = upgrade;
  const { target } = decision;
  const original = { ...req.headers };
  const release = beginTunnel(socket, decision);
  let answered = false;
  req.headers = {
    ...requestHeaders(req, decision.headers),
    connection: 'Upgrade',
    upgrade: 'websocket',
  };
  const onRequest = (outgoing: ClientRequest, incoming: IncomingMessage): void => {
    if (incoming !== req) return;
    proxy.off('proxyReqWs', onRequest);
    outgoing.path = req.url ?? '/';
    outgoing.once('response', (response) => {
      answered = true;
      prepareRefusal(socket, response);
    });
    outgoing.once('upgrade', (response, backend) => {
      answered = true;
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
    });
    socket.once('close', () => outgoing.destroy());
  };
  proxy.on('proxyReqWs', onRequest);
  const fail = (error: Error): void => {
    if (answered || socket.destroyed) return;
    answered = true;
    release();
    req.headers = original;
    // What came early has been put back into the socket.
    void tryAgain(proxy, dialler, { req, socket, early: Buffer.alloc(0) }, decision, error);
  };
  try {
    proxy.ws(
      req,
      socket,
      early,
      {
        target: { protocol: `${target.protocol}:`, host: target.host, port: target.port },
        agent: dialler.single[target.protocol],
        ssl: requestOptions(target),
        toProxy: true,
      },
      fail,
    );
  } catch (error) {
    proxy.off('proxyReqWs', onRequest);
    fail(error instanceof Error ? error : new Error(String(error)));
  }
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

/** A handshake can always be made again: nothing has been said yet. */
async function tryAgain(
  proxy: httpProxy,
  dialler: Dialler,
  upgrade: Upgrade,
  decision: Forward,
  error: Error,
): Promise<void> {
  const next = await decision.again?.(error);
  if (next?.action === 'forward') tunnel(proxy, dialler, upgrade, next);
  else replyRaw(upgrade.socket, next?.reply ?? decision.onUnreachable(error));
}

/** The backend said no: its answer goes through, framed by its length or by the end of the connection. */
function prepareRefusal(socket: Socket, response: IncomingMessage): void {
  response.headers = responseHeaders(response, 'close');
  response.once('close', () => {
    if (!response.complete) socket.destroySoon();
  });
}

/** An answer on a connection that Node's server has let go of. */
export function replyRaw(socket: Socket, { status, headers, body }: Reply): void {
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${head}\r\n${body}`);
}
