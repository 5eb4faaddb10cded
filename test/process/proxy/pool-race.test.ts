/** Two users of one connection: none ever gets what another one caused. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createScene, type Scene } from './scene.ts';

const engines = [
  { name: 'http-proxy', create: createHttpProxyEngine },
  { name: 'wire', create: createWireEngine },
] as const;

const VICTIMS = 500;
const AT_ONCE = 8;

const answerTo = (path: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;

/** Takes everything behind the empty line of a head for the next head: it never reads a body. */
function readHeadsOnly(onHead: (socket: Socket, method: string, path: string) => void) {
  return (socket: Socket): void => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const [method = '', path = ''] = text.split(' ', 2);
        text = text.slice(end + 4);
        onHead(socket, method, path);
      }
    });
  };
}

/** One request over a connection of its own, which is closed when `done` says so. @returns what was received */
async function send(port: number, text: string, done: (received: string) => boolean): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(text, 'latin1');
  let received = '';
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (done(received)) socket.destroy();
    });
  });
  return received;
}

const smuggled = answerTo('/smuggled');
const INNER = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const withBody = (method: string): string =>
  `${method} /attack HTTP/1.1\r\nHost: a\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`;

/** Answers, and answers again in a packet of its own: at once, and when the next user has the connection. */
const answerTwice = (later: (again: () => void) => unknown) => (socket: Socket, _: string, path: string) => {
  socket.write(answerTo(path));
  if (path === '/attack') later(() => socket.write(smuggled));
};

const PLAIN = 'GET /attack HTTP/1.1\r\nHost: a\r\n\r\n';

const ATTACKS: readonly (readonly [
  name: string,
  attack: string,
  onHead: (socket: Socket, method: string, path: string) => void,
])[] = [
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PROPFIND'].map(
    (method) =>
      [
        `does not read the body of a ${method}`,
        withBody(method),
        (socket: Socket, asked: string, path: string) =>
          socket.write(asked === 'HEAD' ? answerTo(path).replace(/\/.*$/s, '') : answerTo(path)),
      ] as const,
  ),
  [
    'does not read the body of a GET, and answers it a moment later',
    withBody('GET'),
    (socket, _, path) => {
      if (path === '/smuggled') setTimeout(() => socket.write(smuggled), 3);
      else socket.write(answerTo(path));
    },
  ],
  ['answers a GET, and again in a packet of its own', PLAIN, answerTwice(setImmediate)],
  ['answers a GET, and again a moment later', PLAIN, answerTwice((again) => setTimeout(again, 3))],
  ['answers a GET, and again when others are served', PLAIN, answerTwice((again) => setTimeout(again, 10))],
  [
    'answers HEAD with a body',
    'HEAD /attack HTTP/1.1\r\nHost: a\r\n\r\n',
    (socket, method, path) => {
      socket.write(answerTo(method === 'HEAD' ? smuggled : path));
    },
  ],
  [
    'answers 304 with a body',
    'GET /attack HTTP/1.1\r\nHost: a\r\nIf-None-Match: x\r\n\r\n',
    (socket, _, path) => {
      if (path !== '/attack') socket.write(answerTo(path));
      else socket.write(`HTTP/1.1 304 Same\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
    },
  ],
];

describe.each(engines)('engine $name, a service that', ({ create }) => {
  it.each(ATTACKS)('%s: of 500 others each gets its own answer', async (_, attack, onHead) => {
    const scene: Scene = await createScene(create());
    onTestFinished(() => scene.close());
    await scene.rawBackend(readHeadsOnly(onHead));
    const answers = await askForMany(scene.port, attack);
    expect(answers.filter((answer) => answer !== 'own')).toEqual([]);
    expect(answers.length).toBeGreaterThanOrEqual(VICTIMS);
  });
});

it('engine wire uses the connections of a service that says something unasked once', async () => {
  const scene: Scene = await createScene(createWireEngine());
  onTestFinished(() => scene.close());
  const connections = new Set<Socket>();
  await scene.rawBackend(
    readHeadsOnly((socket, _, path) => {
      connections.add(socket);
      socket.write(answerTo(path));
    }),
  );
  const ask = (): Promise<string> =>
    send(scene.port, 'GET /own HTTP/1.1\r\nHost: a\r\n\r\n', (so) => so.endsWith('/own'));
  await ask();
  const [idle] = connections;
  if (idle === undefined) throw new Error('nobody was asked');
  const closed = once(idle, 'close');
  idle.write(smuggled);
  await closed;
  for (let round = 0; round < 3; round += 1) expect(await ask()).toMatch(/\/own$/);
  expect(connections.size).toBe(4);
});

/** Asks for 500 paths, eight at a time, with an attack before every fifth. @returns 'own', or what came instead */
async function askForMany(port: number, attack: string): Promise<string[]> {
  let next = 0;
  const answers: string[] = [];
  const ask = async (): Promise<void> => {
    while (next < VICTIMS) {
      const path = `/victim-${(next += 1)}`;
      const victim = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
      // An attack before every fifth: its connection is the first that is free.
      if (next % 5 === 0) await send(port, attack, (received) => received.includes('\r\n\r\n'));
      const received = await send(port, victim, (so) => /\r\n\r\n\//.test(so));
      answers.push(received.endsWith(path) ? 'own' : received);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return answers;
}
