/** Sends payloads through the wire engine to a server, and finds requests that the engine did not know of. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

import { createWireEngine } from '../../../../src/proxy/engine/wire/wire.ts';
import type { Payload } from './payloads.ts';
import type { RunningServer } from './servers.ts';

export interface Result {
  /** Requests that the engine passed on, and that the server was asked for. */
  readonly forwarded: number;
  readonly asked: number;
  /** What the server was asked for though nobody had asked the engine: `METHOD TARGET`. */
  readonly smuggled: readonly string[];
}

const AT_ONCE = 16;
const TIMEOUTS = {
  head: 1_000,
  body: 1_000,
  answer: 1_500,
  halfClosed: 1_000,
  linger: 200,
  rest: 0,
  witness: 0,
};

export async function smuggle(server: RunningServer, payloads: readonly Payload[]): Promise<Result> {
  const known = new Map<string, number>();
  let forwarded = 0;
  const engine = createWireEngine({ timeouts: TIMEOUTS }).createServer(({ method, path }) => {
    forwarded += 1;
    const line = `${method} ${path}`;
    known.set(line, (known.get(line) ?? 0) + 1);
    return {
      action: 'forward',
      target: { protocol: 'http', host: '127.0.0.1', port: server.port },
      headers: {},
      onUnreachable: () => ({ status: 502, headers: {}, body: 'unreachable' }),
    };
  });
  const listener = createServer({ allowHalfOpen: true }, (socket) => engine.accept(socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let payload = payloads[next++]; payload !== undefined; payload = payloads[next++]) {
      await send(port, payload.text);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // What comes through late is asked for before this.
  const last = 'GET /the-last-one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  await send(port, last);
  while (!server.asked().includes('GET /the-last-one')) await send(port, last);
  listener.close();
  await engine.close(0);
  // Some servers fold the slashes at the beginning of a path before anybody sees it.
  for (const [line, count] of known) known.set(line.replace(/ \/+/, ' /'), count);
  const asked = server.asked();
  const left = new Map(known);
  const smuggled = asked.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    // A request that does no harm twice may be made again over another connection.
    return count <= 0 && !(known.has(line) && /^(GET|HEAD|OPTIONS|TRACE|PUT|DELETE) /.test(line));
  });
  return { forwarded, asked: asked.length, smuggled };
}

/** Over a connection of its own; resolves when that is closed, by whom ever. */
async function send(port: number, text: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined).resume();
  socket.end(text, 'latin1');
  await new Promise((resolve) => socket.once('close', resolve));
}
