/** What nginx takes of a message, and what the wire engine takes of it, is the same; that one of them refuses is no difference. */
import { once } from 'node:events';
import { connect, type Server as TcpServer } from 'node:net';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';

import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createCase } from '../../unit/proxy/wire-fuzz/mutate.ts';
import { readWithNode } from '../../unit/proxy/wire-fuzz/node-parser.ts';
import { createRandom } from '../../unit/proxy/wire-fuzz/random.ts';
import { createScene, listenOn, portOf, readAll } from './scene.ts';
import { createPayloads } from './smuggling/payloads.ts';
import { isInstalled, startServer, type Program } from './smuggling/servers.ts';

const TIMEOUTS = { head: 1_000, body: 1_000, answer: 1_000, halfClosed: 1_000, linger: 200 };

const nginxBefore = (backend: number): Program => ({
  name: 'nginx',
  needs: ['nginx', '-v'],
  file: 'nginx.conf',
  text: (port) => `daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; underscores_in_headers on; keepalive_requests 1000; client_body_timeout 1s; client_header_timeout 1s;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen 127.0.0.1:${port}; location / {
    proxy_pass http://127.0.0.1:${backend}; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_ignore_client_abort on; proxy_read_timeout 1s; proxy_set_header Host $host;
  } }
}`,
  run: ['nginx', '-e', 'stderr', '-p', 'FOLDER', '-c', 'nginx.conf'],
});

/** Sends everything, then closes its half. @returns everything that came until the other half was closed */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  socket.on('error', () => undefined).on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('end', () => socket.destroy());
  socket.end(text, 'latin1');
  await once(socket, 'close');
  return received;
}

/** The engine and nginx before the same kind of backend. @returns their ports */
async function startBoth(wireBackend: number, nginxBackend: number): Promise<[wire: number, nginx: number]> {
  const scene = await createScene(createWireEngine({ timeouts: TIMEOUTS }));
  scene.target = { protocol: 'http', host: '127.0.0.1', port: wireBackend };
  onTestFinished(() => scene.close());
  const nginx = await startServer(nginxBefore(nginxBackend));
  onTestFinished(() => nginx.close());
  return [scene.port, nginx.port];
}

const encode = (text: string): string =>
  text.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);

/** A backend that notes `METHOD TARGET BODY` of each request that comes whole. */
async function startBackend(): Promise<{ readonly port: number; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    readAll(req).then(
      (body) => {
        seen.push(`${req.method} ${encode(req.url ?? '')} ${body.toString('latin1')}`);
        res.end('ok');
      },
      () => res.destroy(),
    );
  });
  await listenOn(server, '127.0.0.1', 0);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: portOf(server), seen };
}

it.skipIf(!isInstalled(nginxBefore(1)))('reads requests as nginx does', async () => {
  const [behindWire, behindNginx] = [await startBackend(), await startBackend()];
  const [wire, nginx] = await startBoth(behindWire.port, behindNginx.port);
  const random = Array.from({ length: 150 }, (_, index) => createCase(createRandom(77_000 + index)));
  const texts = [
    ...random.filter(({ kind }) => kind === 'request').map(({ text }) => text),
    ...createPayloads()
      .filter((_, index) => index % 60 === 0)
      .map(({ text }) => text),
  ];
  let both = 0;
  for (const text of texts) {
    behindWire.seen.length = behindNginx.seen.length = 0;
    await Promise.all([exchange(wire, text), exchange(nginx, text)]);
    const count = Math.min(behindWire.seen.length, behindNginx.seen.length);
    both += count;
    expect({ text, seen: behindWire.seen.slice(0, count) }).toEqual({
      text,
      seen: behindNginx.seen.slice(0, count),
    });
  }
  expect(both).toBeGreaterThan(40);
});

/** A backend that plays what `next` says to everyone who asks. */
async function startPlayer(next: () => string): Promise<number> {
  const server: TcpServer = createTcpServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(next(), 'latin1'));
  });
  await listenOn(server, '127.0.0.1', 0);
  onTestFinished(() => void server.close());
  return portOf(server);
}

it.skipIf(!isInstalled(nginxBefore(1)))('reads responses as nginx does', async () => {
  let text = '';
  const backend = await startPlayer(() => text);
  const [wire, nginx] = await startBoth(backend, backend);
  const cases = Array.from({ length: 300 }, (_, index) => createCase(createRandom(88_000 + index)));
  let both = 0;
  for (const { kind, text: answer } of cases) {
    if (kind === 'request') continue;
    text = answer;
    const ask = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const [one, other] = (await Promise.all([exchange(wire, ask), exchange(nginx, ask)])).map((received) => {
      const { messages, refused } = readWithNode({
        kind: 'response',
        text: received,
        cuts: [],
        toHead: false,
      });
      const final = messages.find(({ line }) => Number(line) >= 200);
      return refused === undefined && final?.complete === true && final.line !== '502' ? final : undefined;
    });
    if (one === undefined || other === undefined) continue;
    both += 1;
    expect({ text, line: one.line, body: one.body }).toEqual({ text, line: other.line, body: other.body });
  }
  expect(both).toBeGreaterThan(20);
});
