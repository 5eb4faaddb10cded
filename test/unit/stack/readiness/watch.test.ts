/** The facts that are gathered of one instance: what its probe says, what its port does, what the daemon saw. */
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../../eventually.ts';
import type { Readiness } from '../../../../src/contract/contract.ts';
import type { Sighting } from '../../../../src/protocol/messages.ts';
import type { Follow } from '../../../../src/plan/plan.ts';
import { watchReadiness } from '../../../../src/stack/readiness/watch.ts';
import type { Finding, ReadinessWatch } from '../../../../src/stack/readiness/watch-options.ts';
import { resolutionOf } from '../../plan/stack.ts';
import { createManualClock, type ManualClock } from '../../manual-clock.ts';

let clock: ManualClock;
let watch: ReadinessWatch | undefined;
let server: Server | undefined;
let found: Finding[];
let listening: [string, boolean][];
let looks: (string | undefined)[];
let lines: (text: string) => void;
let problem: string | undefined;
let follows: Follow;
let followed: number[];
let canFollow: boolean;
/** Its process that a signal has stopped. */
let stopped: number | undefined;
/** Milliseconds of processor time that the instance has used by then; undefined: its processes are not seen. */
let used: ((now: number) => number | undefined) | undefined;

beforeEach(() => {
  clock = createManualClock();
  found = [];
  listening = [];
  looks = [];
  problem = undefined;
  follows = 'never';
  followed = [];
  canFollow = true;
  used = undefined;
  stopped = undefined;
});
afterEach(async () => {
  watch?.end();
  expect(clock.waiting).toBe(0);
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function listen(): Promise<number> {
  server = createServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function begin(ready: Partial<Readiness>, ports: string, number: number, leased?: number): void {
  const service = resolutionOf(`services:\n  api: { command: run${ports} }\n`).services.get('api');
  watch = watchReadiness({
    ready: { kind: 'default', interval: 250, timeout: undefined, ...ready } as Readiness,
    ports: (service?.ports ?? []).map((port) => ({ ...port, targetPort: number, leased })),
    dir: '/',
    stamp: undefined,
    run: async () => problem,
    clock,
    onLine: (listener) => {
      lines = listener;
      return () => undefined;
    },
    onFinding: (finding) => found.push(finding),
    onLook: (seen) => looks.push(seen),
    follows: () => follows,
    onFollow: async (_port, number) => {
      followed.push(number);
      return canFollow ? { followed: true } : { followed: false, why: 'it changes too often', again: 60_000 };
    },
    stopped: async () => stopped,
    onListening: (name, listens) => listening.push([name, listens]),
    ...(used === undefined
      ? {}
      : { family: async () => [{ pid: 7, ppid: 1, words: ['tsc'], used: used?.(clock.now()) }] }),
  });
}

const kinds = (): string[] => found.map(({ kind }) => kind);
/** Lets looks that are under way end, whatever the fake clock says. */
const becomes = (...expected: string[]): Promise<void> => eventually(() => expect(kinds()).toEqual(expected));
const saw = (...names: string[]): void => watch?.see({ marker: 'run.api.1', listening: names, opened: [] });

/** A number on which nothing listens, beside a server that does. */
async function unusedPort(): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  await new Promise((resolve) => other.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A number on which nothing listens. */
async function silentPort(): Promise<number> {
  const number = await listen();
  await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  return number;
}

it('a port that the probe has reached is not dialled as well', async () => {
  let connections = 0;
  server = createHttp((_request, response) => void response.end('well'));
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const number = typeof address === 'object' && address !== null ? address.port : 0;
  begin({ kind: 'http', path: '/healthz' }, '', number);
  await becomes('ready');
  expect(listening).toEqual([['http', true]]);
  await clock.advance(250);
  expect(connections).toBe(1);
  // Nobody else has seen it listen: whether it still does has to be looked at.
  await clock.advance(4_000);
  await eventually(() => expect(connections).toBeGreaterThan(1));
  saw('http');
});

it('what a signal has stopped is unwell at the next beat, whatever answers; ready a second after it goes on', async () => {
  begin({}, '', await listen());
  await becomes('ready');
  saw('http');
  stopped = 7;
  await clock.advance(10_000);
  expect(found.at(-1)).toEqual({
    kind: 'unwell',
    problem: 'its process 7 is stopped by a signal (SIGSTOP)',
    hint: 'kill -CONT 7',
  });
  stopped = undefined;
  await clock.advance(1_000);
  expect(kinds()).toEqual(['ready', 'unwell', 'ready']);
});

describe('without a probe', () => {
  it('is ready when its port accepts a connection', async () => {
    begin({}, '', await listen());
    await becomes('ready');
    expect(listening).toEqual([['http', true]]);
  });

  it('is not ready for who answers on a number that was promised to nobody, until the daemon says whose it is', async () => {
    const number = await listen();
    let connections = 0;
    server?.on('connection', () => (connections += 1));
    begin({}, '', number, 20_001);
    saw();
    await clock.advance(10_000);
    expect([kinds(), connections]).toEqual([[], 0]);
    saw('http');
    await becomes('ready');
  });

  it('is ready for who answers there where no daemon has looked for 5 s', async () => {
    begin({}, '', await listen(), 20_001);
    await clock.advance(4_500);
    expect(kinds()).toEqual([]);
    await clock.advance(1_000);
    await becomes('ready');
  });

  it('is ready for who answers there where no daemon looks', async () => {
    begin({}, '', await listen(), 20_001);
    watch?.see(undefined);
    await clock.advance(500);
    await becomes('ready');
  });

  it('was well at the last look when the daemon saw its port before it was dialled again', async () => {
    begin({}, '', await silentPort());
    await eventually(() => expect(looks.at(-1)).toMatch(/refused/));
    saw('http');
    await becomes('ready');
    expect(looks.at(-1)).toBeUndefined();
  });

  it('is silent after 15 s, never ready, and ready when it answers after all', async () => {
    begin({}, '', await silentPort());
    await clock.advance(14_900);
    expect(kinds()).toEqual([]);
    await clock.advance(200);
    expect(found).toMatchObject([{ kind: 'silent', passable: true }]);
    await clock.advance(60_000);
    saw('http');
    expect(kinds()).toEqual(['silent', 'ready']);
  });

  it('is silent after 15 s only when it does not compute, and then that is told', async () => {
    used = (now) => (now < 30_000 ? now / 4 : 7_500 + (now - 30_000) / 50);
    begin({}, '', await silentPort());
    await clock.advance(34_000);
    expect(kinds()).toEqual([]);
    await clock.advance(4_000);
    expect(found).toMatchObject([{ kind: 'silent', passable: true }]);
    expect(found[0]).not.toHaveProperty('busy');
  });

  it('is silent after a minute however long it computes, and where nobody can see that', async () => {
    used = (now) => now / 2;
    begin({}, '', await silentPort());
    await clock.advance(59_900);
    expect(kinds()).toEqual([]);
    await clock.advance(200);
    expect(found.filter(({ kind }) => kind === 'silent')).toMatchObject([{ busy: true }]);
    watch?.end();
    found = [];
    used = () => undefined;
    begin({}, '', await silentPort());
    await clock.advance(15_100);
    expect(kinds()).toEqual(['silent']);
  });

  it('is not silent when it began to listen while portramp stood still', async () => {
    const number = await silentPort();
    begin({}, '', number);
    await clock.advance(1_000);
    server = createServer((socket) => void socket.destroy());
    await new Promise<void>((resolve) => server?.listen(number, '127.0.0.1', resolve));
    await clock.stall(60_000);
    await becomes('ready');
  });

  it('is unwell when its port is gone for 2 s, and ready when it is back', async () => {
    begin({}, '', await listen());
    await becomes('ready');
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    saw();
    await clock.advance(1_900);
    expect(kinds()).toEqual(['ready']);
    await clock.advance(200);
    expect(found.at(-1)).toMatchObject({
      kind: 'unwell',
      problem: expect.stringContaining('any more') as string,
    });
    saw('http');
    expect(kinds()).toEqual(['ready', 'unwell', 'ready']);
  });

  it('is unwell when its port came and went before the daemon saw it', async () => {
    begin({}, '', await listen());
    await becomes('ready');
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await clock.advance(2_000);
    await eventually(() => expect(listening.at(-1)).toEqual(['http', false]));
    await clock.advance(2_000);
    await becomes('ready', 'unwell');
  });

  it('is looked at by itself on the number to which it was moved, until the daemon sees it there', async () => {
    begin({}, '', await listen());
    saw('http');
    await becomes('ready');
    await new Promise((resolve) => server?.close(resolve));
    const number = await listen();
    const service = resolutionOf('services:\n  api: { command: run }\n').services.get('api');
    listening = [];
    watch?.retarget((service?.ports ?? []).map((port) => ({ ...port, targetPort: number })));
    const isSeen = (listens: boolean): Promise<void> =>
      eventually(async () => {
        await clock.advance(500);
        expect(listening.at(-1)).toEqual(['http', listens]);
      });
    await isSeen(true);
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await isSeen(false);
  });

  it('is looked at by itself while no daemon is there to see its port', async () => {
    begin({}, '', await listen());
    saw('http');
    await becomes('ready');
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await clock.advance(60_000);
    expect(kinds()).toEqual(['ready']);
    watch?.see(undefined);
    await eventually(() => expect(listening.at(-1)).toEqual(['http', false]));
    await clock.advance(2_000);
    await becomes('ready', 'unwell');
  });

  it('has nothing to answer where it has no port', async () => {
    begin({}, ', ports: false', 1);
    await becomes('ready');
  });
});

it('that listens on another address alone is silent, and told which', async () => {
  begin({}, '', await silentPort());
  watch?.see({
    marker: 'run.api.1',
    listening: [],
    opened: [],
    away: [{ port: 'http', address: '192.0.2.2' }],
  });
  await clock.advance(15_500);
  await becomes('silent');
  expect(found).toMatchObject([{ port: { away: '192.0.2.2' } }]);
  watch?.see({ marker: 'run.api.1', listening: [], opened: [] });
  expect(found.at(-1)).toMatchObject({ kind: 'silent', port: { away: undefined } });
  saw('http');
  await becomes('silent', 'silent', 'ready');
});

describe('that listens elsewhere', () => {
  const serve = (status: number): Promise<number> =>
    listenHttp((_request, response) => response.writeHead(status, { connection: 'close' }).end());
  async function listenHttp(listener: RequestListener): Promise<number> {
    server = createHttp(listener);
    looks = 0;
    server.on('connection', (socket) => socket.on('close', () => (looks += 1)));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  const sawElsewhere = (number: number, more: Partial<Sighting['opened'][number]> = {}): void =>
    watch?.see({
      marker: 'run.api.1',
      listening: [],
      opened: [{ number, address: '127.0.0.1', pid: 7, ...more }],
    });
  /** A look is over when its connection is. */
  let looks = 0;
  const lookedAt = (): Promise<void> => eventually(() => expect(looks).toBeGreaterThan(0));

  it('is misplaced after 5 s, and ready when it listens on its own', async () => {
    const number = await serve(404);
    begin({}, '', await unusedPort());
    sawElsewhere(number, { lease: 'web of other' });
    await lookedAt();
    await clock.advance(4_500);
    expect(kinds()).toEqual([]);
    await clock.advance(1_000);
    expect(found).toMatchObject([
      { kind: 'misplaced', elsewhere: { numbers: [number], leases: ['web of other'] } },
    ]);
    saw('http');
    expect(kinds()).toEqual(['misplaced', 'ready']);
  });

  it('is followed once where the contract says so, also when it says so later', async () => {
    const number = await serve(200);
    begin({}, '', await unusedPort());
    sawElsewhere(number);
    await lookedAt();
    await clock.advance(6_000);
    expect(kinds()).toEqual(['misplaced']);
    follows = 'asked';
    watch?.judge();
    watch?.judge();
    expect(followed).toEqual([number]);
    const service = resolutionOf('services:\n  api: { command: run }\n').services.get('api');
    watch?.retarget((service?.ports ?? []).map((port) => ({ ...port, targetPort: number })));
    await clock.advance(2_500);
    await eventually(() => expect(kinds().at(-1)).toBe('ready'));
    expect(followed).toEqual([number]);
  });

  it.each([
    ['5 s', 'usual', 5_000],
    ['1 s where the contract asks for it', 'asked', 1_000],
  ] as const)('is followed by itself after %s, whatever its probe says', async (_when, follow, doubt) => {
    const number = await serve(200);
    follows = follow;
    begin({ kind: 'http', path: '/healthz' }, '', await unusedPort());
    sawElsewhere(number);
    await lookedAt();
    await clock.advance(doubt - 500);
    expect(followed).toEqual([]);
    await clock.advance(1_000);
    expect([followed, kinds()]).toEqual([[number], []]);
  });

  it.each([
    ['somebody else has the number', { lease: 'web of other' }, 'asked', ''],
    ['somebody else listens there too', { shared: true }, 'asked', ''],
    ['several of its ports are silent', {}, 'usual', ', ports: { http: {}, admin: {} }'],
    ['the contract says no', {}, 'never', ''],
  ] as const)('is misplaced and never followed where %s', async (_why, more, follow, ports) => {
    const number = await serve(200);
    follows = follow;
    begin({}, ports, await unusedPort());
    sawElsewhere(number, more);
    await lookedAt();
    await clock.advance(6_000);
    expect([followed, kinds()]).toEqual([[], ['misplaced']]);
    if (ports !== '')
      expect(found).toMatchObject([{ elsewhere: { silent: [{ name: 'http' }, { name: 'admin' }] } }]);
  });

  it('is misplaced where it cannot be followed, and told so once', async () => {
    const number = await serve(200);
    follows = 'usual';
    canFollow = false;
    begin({}, '', await unusedPort());
    sawElsewhere(number);
    await lookedAt();
    await clock.advance(6_000);
    await becomes('misplaced');
    expect(found).toMatchObject([{ elsewhere: { numbers: [number], refusal: 'it changes too often' } }]);
    watch?.judge();
    expect(followed).toEqual([number]);
  });

  it('is misplaced, not gone, where it listened on its port before; once it rests, it is followed', async () => {
    const number = await serve(200);
    follows = 'usual';
    canFollow = false;
    begin({}, '', await unusedPort());
    saw('http');
    await becomes('ready');
    sawElsewhere(number);
    await lookedAt();
    await clock.advance(4_500);
    expect(kinds()).toEqual(['ready', 'unwell']);
    await clock.advance(1_000);
    await becomes('ready', 'unwell', 'misplaced');
    expect(found.at(-1)).toMatchObject({ elsewhere: { refusal: 'it changes too often' } });
    canFollow = true;
    await clock.advance(59_000);
    expect(followed).toEqual([number]);
    await clock.advance(1_000);
    expect(followed).toEqual([number, number]);
  });

  it('leaves nothing behind when it ends while it is looked at', async () => {
    let asked = 0;
    const number = await listenHttp(() => {
      asked += 1;
    });
    const sockets: Socket[] = [];
    server?.on('connection', (socket: Socket) => sockets.push(socket));
    begin({}, '', await unusedPort());
    watch?.see({ marker: 'run.api.1', listening: [], opened: [{ number, address: '::', pid: 1 }] });
    await eventually(() => expect(asked).toBeGreaterThan(0));
    watch?.end();
    await eventually(() => expect(sockets.every(({ closed }) => closed)).toBe(true));
    await clock.advance(60_000);
    expect(clock.waiting).toBe(0);
  });

  it('goes back at once to the number that it was given', async () => {
    const number = await listen();
    begin({}, '', number, 20_200);
    saw('http');
    await becomes('ready');
    watch?.see({
      marker: 'run.api.1',
      listening: ['http'],
      opened: [{ number: 20_200, address: '127.0.0.1', pid: 7 }],
    });
    expect(followed).toEqual([20_200]);
  });

  it('is not where a debugger answers, which has a page of its own', async () => {
    const number = await listenHttp((request, response) => {
      const isVersion = request.url === '/json/version';
      response.end(isVersion ? '{"Browser": "node.js/v20.20.2", "Protocol-Version": "1.1"}' : 'hello');
    });
    follows = 'usual';
    begin({}, '', await unusedPort());
    sawElsewhere(number);
    await lookedAt();
    await clock.advance(16_000);
    expect([followed, kinds()]).toEqual([[], ['silent']]);
  });

  it.each([400, 426, 501])(
    'is not where something answers with %i, as sockets of hot reload do',
    async (status) => {
      const number = await serve(status);
      begin({}, '', await unusedPort());
      sawElsewhere(number);
      await lookedAt();
      await clock.advance(16_000);
      expect(kinds()).toEqual(['silent']);
    },
  );
});

describe('with a log line to go by', () => {
  const log: Partial<Readiness> = { kind: 'log', pattern: 'up' };

  it('is ready by the line alone where the contract has no port', async () => {
    begin(log, '', await silentPort());
    lines('up');
    await becomes('ready');
  });

  it('has a last look that is well as soon as the line is there, whatever its port does', async () => {
    begin(log, '', await silentPort());
    await eventually(() => expect(looks).toEqual(['no line matched /up/']));
    lines('up');
    await becomes('ready');
    // A line that comes with every request is no look of its own.
    lines('up');
    expect(looks).toEqual(['no line matched /up/', undefined]);
  });

  it('is known to listen, or not to, before it is called ready', async () => {
    begin(log, '', await listen());
    lines('up');
    await becomes('ready');
    expect(listening).toEqual([['http', true]]);
    watch?.end();
    await new Promise((resolve) => server?.close(resolve));
    [found, listening] = [[], []];
    begin(log, '', await silentPort());
    lines('up');
    await becomes('ready');
    expect(listening).toEqual([['http', false]]);
  });

  it('is not ready beside a declared port that is silent', async () => {
    begin(log, ', ports: { http: {} }', await silentPort());
    lines('up');
    await clock.advance(14_000);
    expect(kinds()).toEqual([]);
    await clock.advance(1_500);
    expect(found).toMatchObject([{ kind: 'silent', passable: false }]);
    await clock.advance(45_000);
    expect(found).toMatchObject([{}, { kind: 'silent', passable: true }]);
  });

  it('keeps what the line said when it is looked for elsewhere', async () => {
    begin(log, ', ports: { http: {} }', await silentPort());
    lines('up');
    await clock.advance(1_000);
    const number = await listen();
    const service = resolutionOf('services:\n  api: { command: run, ports: { http: {} } }\n').services.get(
      'api',
    );
    watch?.retarget((service?.ports ?? []).map((port) => ({ ...port, targetPort: number })));
    await clock.advance(300);
    await becomes('ready');
  });

  it('is late after 60 s without the line, and said to be so once', async () => {
    begin(log, '', await silentPort());
    await clock.advance(59_000);
    expect(kinds()).toEqual([]);
    await clock.advance(200_000);
    expect(found).toEqual([{ kind: 'late', after: 60_000, problem: 'no line matched /up/' }]);
  });
});

describe('with a command to go by', () => {
  const exec: Partial<Readiness> = { kind: 'exec', command: 'look' };

  it('is unwell after the third failure in a row, not before, and well again after one success', async () => {
    begin(exec, ', ports: false', 1);
    await becomes('ready');
    problem = 'exited with code 1';
    // The looks are at 10 s and 11 s, and a good one at 12 s.
    await clock.advance(11_500);
    expect(kinds()).toEqual(['ready']);
    problem = undefined;
    await clock.advance(1_000);
    problem = 'exited with code 1';
    // At 20 s and 21 s, and at 22 s.
    await clock.advance(9_000);
    expect(kinds()).toEqual(['ready']);
    await clock.advance(1_000);
    expect(kinds()).toEqual(['ready', 'unwell']);
    problem = undefined;
    await clock.advance(1_000);
    expect(kinds()).toEqual(['ready', 'unwell', 'ready']);
  });

  it('fails at the deadline of the contract, and is called nothing else before', async () => {
    problem = 'exited with code 1';
    begin({ ...exec, timeout: 30_000 }, ', ports: false', 1);
    await clock.advance(29_900);
    expect(kinds()).toEqual([]);
    await clock.advance(200);
    expect(found).toEqual([{ kind: 'deadline', after: 30_000, problem }]);
  });

  it('tells nothing after its end', async () => {
    problem = 'exited with code 1';
    begin(exec, ', ports: false', 1);
    await clock.advance(1_000);
    problem = undefined;
    watch?.end();
    await clock.advance(1_000);
    expect(kinds()).toEqual([]);
  });
});
