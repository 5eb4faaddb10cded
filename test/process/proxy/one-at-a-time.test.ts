/** Services that serve one connection at a time: what is left open to them keeps everybody else out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { isInstalled, PROGRAMS, startServer } from './smuggling/servers.ts';
import { createScene, listenOn, portOf, type Scene } from './scene.ts';

const PYTHON = fileURLToPath(new URL('../programs/one-at-a-time.py', import.meta.url));

/** How long a connection is left open that nobody uses, in milliseconds. */
const WITNESS = 100;

/** Longer than the pause after the first exchange of a kind (milliseconds). */
const RESTED = 300;

async function open(engine: Engine): Promise<Scene> {
  const scene = await createScene(engine);
  onTestFinished(() => scene.close());
  return scene;
}

/** @returns its port; undefined: there is no Python */
async function startPython(): Promise<number | undefined> {
  const child = spawn('python3', [PYTHON], { stdio: ['ignore', 'pipe', 'inherit'] });
  const started = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'error').then(() => undefined),
  ]);
  if (started === undefined) return undefined;
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  return Number(String(started[0]));
}

function ask(port: number, path: string, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent, headers: { host: 'a.localhost' } }, (response) => {
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (piece: string) => (body += piece))
        .once('end', () => resolve(body));
    }).once('error', reject);
  });
}

/** Counts the connections that a server takes from now on. */
function count(server: Server): () => number {
  let connections = 0;
  server.on('connection', () => (connections += 1));
  return () => connections;
}

it('others get to a service that serves one at a time when a connection was left alone for 100 ms', async (context) => {
  const port = await startPython();
  if (port === undefined) return context.skip('there is no python3');
  const clock = createManualClock();
  const scene = await open(createWireEngine({ clock, lookUp: undefined }));
  scene.target = { protocol: 'http', host: '127.0.0.1', port };
  for (const path of ['/first', '/again', '/first']) {
    expect(await ask(scene.port, path)).toBe(path);
    const direct = ask(port, '/direct');
    // The clock goes no further: what takes longer never comes.
    await clock.advance(WITNESS);
    expect(await direct).toBe('/direct');
  }
});

it('another request through the front gets there as well, whatever was left open', async (context) => {
  const port = await startPython();
  if (port === undefined) return context.skip('there is no python3');
  const clock = createManualClock();
  const scene = await open(createWireEngine({ clock, lookUp: undefined }));
  scene.target = { protocol: 'http', host: '127.0.0.1', port };
  const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
  const answers = paths.map((path) => ask(scene.port, path));
  await eventually(() => expect(scene.heads).toHaveLength(10));
  await Promise.race(answers);
  // All the others wait behind the first one's connection; what they leave open themselves is in nobody's way.
  await clock.advance(WITNESS);
  expect(await Promise.all(answers)).toEqual(paths);
});

it('engine http-proxy leaves no connection open', async () => {
  const scene = await open(createHttpProxyEngine());
  const said: (string | undefined)[] = [];
  const server = await scene.backend(({ headers }, response) => {
    said.push(headers.connection);
    response.end('ok');
  });
  const connections = count(server);
  await ask(scene.port, '/');
  await ask(scene.port, '/');
  expect([said, connections()]).toEqual([['close', 'close'], 2]);
});

it.each([1, 6])(
  '%i at a time: a service that serves many is known by its second connection',
  async (clients) => {
    const clock = createManualClock();
    const scene = await open(createWireEngine({ clock, lookUp: undefined }));
    const connections = count(await scene.backend((_, response) => response.end('ok')));
    const agent = new Agent({ keepAlive: true, maxSockets: clients });
    onTestFinished(() => agent.destroy());
    const round = (): Promise<unknown> =>
      Promise.all(Array.from({ length: clients }, () => ask(scene.port, '/', agent)));
    await round();
    await round();
    await clock.advance(RESTED);
    for (let more = 0; more < 20; more += 1) {
      await round();
      await clock.advance(WITNESS + 1);
    }
    expect(connections()).toBeLessThanOrEqual(2 * clients + 2);
  },
);

/** Passes on to a port and counts the connections. */
async function countTo(port: number): Promise<{ readonly port: number; readonly connections: () => number }> {
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1');
    pipeline(socket, onward, socket, () => undefined);
  });
  await listenOn(server, '127.0.0.1', 0);
  onTestFinished(() => void server.close());
  return { port: portOf(server), connections: count(server) };
}

it.each(PROGRAMS)('$name is known to serve many by its second connection', async (program) => {
  if (!isInstalled(program)) return console.log(`skipped: ${program.name} is not installed`);
  const service = await startServer(program);
  onTestFinished(() => service.close());
  const clock = createManualClock();
  const scene = await open(createWireEngine({ clock, lookUp: undefined }));
  const { port, connections } = await countTo(service.port);
  scene.target = { protocol: 'http', host: '127.0.0.1', port };
  await ask(scene.port, '/');
  await ask(scene.port, '/');
  await clock.advance(RESTED);
  await ask(scene.port, '/');
  await clock.advance(WITNESS + 1);
  await ask(scene.port, '/');
  expect(connections()).toBe(2);
});
