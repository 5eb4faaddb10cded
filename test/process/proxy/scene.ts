/** An engine behind a real listener, real backends, and raw clients. Everything is closed after each test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  type Server,
} from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';

import type {
  Decision,
  Engine,
  EngineServer,
  Handler,
  RequestHead,
  Target,
} from '../../../src/proxy/engine/engine.ts';

export interface Scene {
  /** Requests that reached the handler. */
  readonly heads: RequestHead[];
  /** The handler; by default it forwards to `target`. */
  handler: Handler;
  target: Target;
  readonly port: number;
  readonly server: EngineServer;
  /** An HTTP backend, which `target` becomes. */
  backend(listener: RequestListener, host?: string, port?: number): Promise<Server>;
  /** A backend that speaks for itself: one call per connection. */
  rawBackend(onConnection: (socket: Socket) => void): Promise<TcpServer>;
  close(): Promise<void>;
}

export async function createScene(engine: Engine): Promise<Scene> {
  const closers: (() => Promise<void>)[] = [];
  const server = engine.createServer((head, signal) => {
    scene.heads.push(head);
    return scene.handler(head, signal);
  });
  const listener = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.accept(socket));
  await listenOn(listener, '127.0.0.1', 0);
  const scene: Scene = {
    heads: [],
    handler: () => forwardTo(scene.target),
    target: { protocol: 'http', host: '127.0.0.1', port: 1 },
    port: portOf(listener),
    server,
    backend: async (onRequest, host = '127.0.0.1', port = 0) => {
      const backend = createServer({ keepAliveTimeout: 60_000 }, onRequest);
      await listenOn(backend, host, port);
      scene.target = { protocol: 'http', host: '127.0.0.1', port: portOf(backend) };
      closers.push(() => closeHttp(backend));
      return backend;
    },
    rawBackend: async (onConnection) => {
      const sockets = new Set<Socket>();
      const backend = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        onConnection(socket);
      });
      await listenOn(backend, '127.0.0.1', 0);
      scene.target = { protocol: 'http', host: '127.0.0.1', port: portOf(backend) };
      closers.push(async () => {
        for (const socket of sockets) socket.destroy();
        backend.close();
        await once(backend, 'close');
      });
      return backend;
    },
    close: async () => {
      listener.close();
      await server.close(0);
      assert.equal(server.connections, 0);
      for (const close of closers) await close();
    },
  };
  return scene;
}

export const forwardTo = (target: Target, headers: Record<string, string | undefined> = {}): Decision => ({
  action: 'forward',
  target,
  headers,
  onUnreachable: (error) => ({
    status: 502,
    headers: { 'content-type': 'text/plain', 'x-own': 'yes' },
    body: `unreachable: ${error.message}`,
  }),
});

export const portOf = (server: TcpServer): number => (server.address() as AddressInfo).port;

export async function listenOn(server: TcpServer, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

export async function closeHttp(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  if (server.listening) await once(server, 'close');
}

/** Sends these bytes and reads until the other side closes. */
export async function exchangeRaw(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(text, 'latin1');
  const answer = await readAll(socket);
  return answer.toString('latin1');
}

export async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface Answer {
  readonly response: IncomingMessage;
  readonly status: number;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

/** One request over a connection of its own. */
export async function ask(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: Ask = {},
): Promise<Answer> {
  const outgoing = request({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { host: 'app.localhost', ...headers },
    agent: false,
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = await readAll(response);
  return { response, status: response.statusCode ?? 0, body: text.toString() };
}

/** The backend's view of a request. */
export const echo = (req: IncomingMessage, res: ServerResponse): void => {
  void readAll(req).then((body) => {
    const { method, url, headers, rawHeaders, trailers } = req;
    res.end(JSON.stringify({ method, url, headers, rawHeaders, trailers, body: body.toString() }));
  });
};

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
  readonly trailers: Record<string, string>;
  readonly body: string;
}

export const parse = (text: string): Echo => JSON.parse(text) as Echo;

/** A promise, and the function that fulfils it. */
export function deferred<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve = (value: T): void => void value;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
