/**
 * What others feel while one service or one client misbehaves: the p99 of requests to a quiet service, against that of a
 * front with nothing else to do. `npm run bench -- fairness`
 *
 * Three processes: the front, whoever misbehaves (service and client), and the quiet ones, who measure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, get, Agent } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { createWireEngine } from '../../src/proxy/engine/wire/wire.ts';

/** How much slower others may get. */
const FACTOR = 5;
/** Milliseconds: below this a p99 is that of the machine. */
const FLOOR = 4;
const SECONDS = 4;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

// ── the front: `loud…` leads to one service, everything else to the quiet one ──────────────────────────────

async function runFront(quiet: number, loud: number): Promise<void> {
  const server = createWireEngine().createServer(({ host }) => ({
    action: 'forward',
    target: { protocol: 'http', host: '127.0.0.1', port: host.startsWith('loud') ? loud : quiet },
    headers: {},
    onUnreachable: () => ({ status: 502, headers: {}, body: '' }),
  }));
  const port = await listen(createServer({ allowHalfOpen: true }, (socket) => server.accept(socket)));
  console.log(port);
}

// ── whoever misbehaves ───────────────────────────────────────────────────────────────────────────────────────

interface Mischief {
  /** What the service does on a connection, when something was said. */
  readonly serve: (socket: Socket) => void;
  /** What a client sends; it begins again when it is thrown out. */
  readonly ask: string;
  /** The client reads what it gets. */
  readonly reads: boolean;
  readonly clients: number;
}

const GET = 'GET / HTTP/1.1\r\nHost: loud\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Writes the same again and again, as fast as it is taken. */
function flood(text: string, head = ''): (socket: Socket) => void {
  const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)), 'latin1');
  return (socket) => {
    if (head !== '') socket.write(head, 'latin1');
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
  };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const MISCHIEFS: Readonly<Record<string, Mischief>> = {
  '1xx without end': {
    serve: flood('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
    ask: GET,
    reads: true,
    clients: 4,
  },
  'trailers without end': { serve: flood('a: b\r\n', `${CHUNKED}0\r\n`), ask: GET, reads: true, clients: 4 },
  'tiny chunks': { serve: flood('1\r\na\r\n', CHUNKED), ask: GET, reads: true, clients: 4 },
  'tiny chunks to HTTP/1.0': {
    serve: flood('1\r\na\r\n', CHUNKED),
    ask: 'GET / HTTP/1.0\r\nHost: loud\r\n\r\n',
    reads: true,
    clients: 4,
  },
  'tiny chunks of an upload': {
    serve: () => undefined,
    ask: `POST / HTTP/1.1\r\nHost: loud\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(2_000_000)}`,
    reads: true,
    clients: 2,
  },
  '2,000 pipelined requests': {
    serve: (socket) => void socket.write(OK),
    ask: GET.repeat(2_000),
    reads: true,
    clients: 8,
  },
  'readers that never read': {
    serve: flood('x'.repeat(1024), 'HTTP/1.1 200 OK\r\n\r\n'),
    ask: GET,
    reads: false,
    clients: 100,
  },
};

async function runLoud(): Promise<void> {
  let mischief: Mischief | undefined;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const service = createServer((socket) => {
    keep(socket);
    const floods = mischief !== MISCHIEFS['2,000 pipelined requests'];
    let begun = false;
    socket.on('data', (piece: Buffer) => {
      if (!floods) {
        for (let heads = piece.toString('latin1').split('\r\n\r\n').length - 1; heads > 0; heads -= 1)
          mischief?.serve(socket);
      } else if (!begun) mischief?.serve(socket);
      begun = true;
    });
  });
  const open = (front: number, { ask, reads }: Mischief): void => {
    const mine = mischief;
    const socket = connect(front, '127.0.0.1');
    keep(socket);
    if (reads) socket.resume();
    else socket.pause();
    socket.write(ask, 'latin1');
    socket.once('close', () => {
      if (mine === mischief && mine !== undefined) setTimeout(() => open(front, mine), 10);
    });
    // A pipelining client goes on when it has all its answers.
    if (ask === MISCHIEFS['2,000 pipelined requests']?.ask) {
      let answers = 0;
      socket.on('data', (piece: Buffer) => {
        answers += piece.toString('latin1').split('HTTP/1.1 200').length - 1;
        if (answers < 2_000) return;
        answers = 0;
        socket.write(ask, 'latin1');
      });
    }
  };
  console.log(await listen(service));
  process.on('message', ({ name, front }: { name: string | undefined; front: number }) => {
    mischief = name === undefined ? undefined : MISCHIEFS[name];
    for (const socket of sockets) socket.destroy();
    for (let client = 0; client < (mischief?.clients ?? 0); client += 1) open(front, mischief as Mischief);
    process.send?.('done');
  });
}

// ── the quiet ones ───────────────────────────────────────────────────────────────────────────────────────────

const ask = (port: number, agent: Agent): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent, headers: { host: 'quiet' } }, (response) => {
      response.resume().once('end', resolve);
    }).once('error', reject);
  });

async function measure(port: number, seconds: number): Promise<{ p50: number; p99: number; worst: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const start = performance.now();
    await ask(port, agent);
    times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  agent.destroy();
  times.sort((left, right) => left - right);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}

async function startChild(role: string, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', role, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

async function runBench(names: readonly string[]): Promise<void> {
  const quiet = await listen(createHttpServer((_, response) => response.end('ok')));
  const loud = await startChild('loud');
  const front = await startChild('front', String(quiet), String(loud.port));
  const set = async (name: string | undefined): Promise<void> => {
    loud.child.send({ name, front: front.port });
    await once(loud.child, 'message');
  };
  const row = (name: string, { p50, p99, worst }: Awaited<ReturnType<typeof measure>>): void =>
    console.log(
      `| ${name.padEnd(26)} | ${[p50, p99, worst].map((ms) => ms.toFixed(1).padStart(7)).join(' | ')} |`,
    );
  try {
    await measure(front.port, 1);
    const base = await measure(front.port, SECONDS);
    const limit = FACTOR * Math.max(base.p99, FLOOR);
    console.log('| while                      |     p50 |     p99 |   worst | (ms)');
    row('nothing else', base);
    for (const name of Object.keys(MISCHIEFS).filter((one) => names.length === 0 || names.includes(one))) {
      await set(name);
      const felt = await measure(front.port, SECONDS);
      row(name, felt);
      if (felt.p99 > limit) process.exitCode = 1;
      await set(undefined);
    }
    console.log(`allowed: a p99 of ${limit.toFixed(1)} ms`);
  } finally {
    for (const { child } of [front, loud]) child.kill();
  }
  process.exit();
}

const [role, ...args] = process.argv.slice(2);
if (role === 'front') await runFront(Number(args[0]), Number(args[1]));
else if (role === 'loud') await runLoud();
else await runBench(role === undefined ? [] : [role, ...args]);
