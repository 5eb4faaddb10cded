/** The pool of connections by itself, with real targets: who gets which connection, how many there are, how they end. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { Target } from '../../../src/proxy/engine/engine.ts';
import type { Waiter } from '../../../src/proxy/pool-place.ts';
import type { Upstream } from '../../../src/proxy/pool-upstream.ts';
import { createPool, type Pool } from '../../../src/proxy/pool.ts';
import { Wheel } from '../../../src/proxy/wheel.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock, type ManualClock } from '../../unit/manual-clock.ts';
import { kindOf } from '../../unit/proxy/kind.ts';
import { listenOn, portOf } from './scene.ts';

interface Bench {
  readonly pool: Pool;
  readonly clock: ManualClock;
  readonly target: Target;
  /** The target's ends of all connections, in their order. */
  readonly sides: Socket[];
  /** Another target on the same port. */
  readonly on: (host: string) => Target;
}

interface Options {
  /** Whether the target takes connections. */
  readonly listens?: boolean;
  readonly rest?: number;
}

async function start({ listens = true, rest = 0 }: Options = {}): Promise<Bench> {
  const clock = createManualClock();
  const pool = createPool({ clock, wheel: new Wheel(clock), connectTimeout: 30_000, rest, witness: 0 });
  const sides: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sides.push(socket.on('error', () => undefined).resume());
  });
  await listenOn(server, '127.0.0.1', 0);
  const port = portOf(server);
  const end = async (): Promise<void> => {
    for (const side of sides) side.destroy();
    server.close();
    await once(server, 'close');
  };
  onTestFinished(() => pool.close());
  if (listens) onTestFinished(end);
  else await end();
  const on = (host: string): Target => ({ protocol: 'http', host, port });
  return { pool, clock, sides, target: on('127.0.0.1'), on };
}

/** Waits for a connection and uses it. */
function wait(pool: Pool, target: Target, reused = true): Promise<Upstream> {
  return new Promise((resolve, reject) => {
    pool.wait(target, waiterFor(resolve, reject), reused);
  });
}

function waiterFor(onUpstream: (upstream: Upstream) => void, onFailure: (error: Error) => void): Waiter {
  return {
    onFailure,
    onUpstream: (upstream) => {
      upstream.user = { ...IDLER, sink: upstream.socket };
      onUpstream(upstream);
    },
  };
}

const IDLER = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

/** Gives connections back and waits until they are offered again. */
async function giveBack(pool: Pool, target: Target, ...upstreams: readonly Upstream[]): Promise<void> {
  for (const upstream of upstreams) pool.release(target, upstream, undefined, kindOf('GET 200 /'));
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

it('has no more than 64 dials under way, however many wait, and serves them all', async () => {
  const { pool, target, sides } = await start();
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
  const before = sockets();
  const all = Array.from({ length: 300 }, () => wait(pool, target));
  expect(sockets() - before).toBe(64);
  const upstreams = await Promise.all(all);
  expect(new Set(upstreams).size).toBe(300);
  await eventually(() => expect(sides).toHaveLength(300));
  for (const upstream of upstreams) upstream.destroy();
});

it('keeps 256 idle connections to a target and closes the others', async () => {
  const { pool, target, sides } = await start();
  const upstreams = await Promise.all(Array.from({ length: 300 }, () => wait(pool, target)));
  await giveBack(pool, target, ...upstreams);
  expect(pool.idle).toBe(256);
  await eventually(() => expect(sides.filter((side) => side.readableEnded)).toHaveLength(300 - 256));
});

it('shares no connection between two hosts of one port, nor between two protocols', async () => {
  const { pool, target, on } = await start();
  const upstream = await wait(pool, target);
  await giveBack(pool, target, upstream);
  expect(pool.take(on('127.0.0.2'), true)).toBeUndefined();
  expect(pool.take({ ...target, protocol: 'https' }, true)).toBeUndefined();
  expect(pool.take(on('127.0.0.1'), true)).toBe(upstream);
});

it('looks up a name that is not known to be loopback, and tells what comes of it', async () => {
  const { pool, on } = await start();
  await expect(wait(pool, on('no-such-host.invalid'))).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
});

it('tells everybody who waits that the target does not listen', async () => {
  const { pool, target } = await start({ listens: false });
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => wait(pool, target)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
});

it('does not offer a connection that the target has closed', async () => {
  const { pool, target, sides } = await start();
  const upstream = await wait(pool, target);
  pool.release(target, upstream, undefined, kindOf('GET 200 /'));
  // Before it is idle.
  sides[0]?.end();
  await eventually(() => expect(upstream.socket.destroyed).toBe(true));
  expect(pool.take(target, true)).toBeUndefined();
  expect(pool.idle).toBe(0);
});

it('gives a connection that comes back to the one who waits', async () => {
  const { pool, target } = await start();
  const upstream = await wait(pool, target);
  const waiting = wait(pool, target);
  pool.release(target, upstream, undefined, kindOf('GET 200 /'));
  expect(await waiting).toBe(upstream);
});

it('gives a connection that was used to nobody who needs a new one', async () => {
  const { pool, target, sides } = await start();
  const upstream = await wait(pool, target);
  pool.release(target, upstream, undefined, kindOf('GET 200 /'));
  expect(await wait(pool, target, false)).not.toBe(upstream);
  expect(sides).toHaveLength(2);
});

it('closes what comes back when it is closed itself', async () => {
  const { pool, target } = await start();
  const [early, late] = await Promise.all([wait(pool, target), wait(pool, target)]);
  pool.release(target, early, undefined, kindOf('GET 200 /'));
  pool.close();
  pool.release(target, late, undefined, kindOf('GET 200 /'));
  expect([early.socket.destroyed, late.socket.destroyed]).toEqual([true, true]);
});

it('cancels the dial of the only one who waited', async () => {
  const { pool, target, sides } = await start();
  const called: string[] = [];
  const waiter = waiterFor(
    () => called.push('connected'),
    () => called.push('failed'),
  );
  pool.wait(target, waiter, false);
  pool.cancel(target, waiter);
  const upstream = await wait(pool, target);
  expect(called).toEqual([]);
  expect(sides.length).toBeLessThanOrEqual(2);
  upstream.destroy();
});

const REPEATABLE = [true, false] as const;

it.each([
  ['says that it keeps connections for 5 s', 5_000, 900, [true, true]],
  ['says so, more than a second ago', 5_000, 1_100, [true, false]],
  ['says that it keeps them for 2 s', 2_000, 900, [true, true]],
  ['says nothing', undefined, 10, [true, false]],
  ['says that it keeps them for a second', 1_000, 0, [false, false]],
] as const)('a target that %s: whose request gets its idle connection', async (_, said, age, gets) => {
  const { pool, target, clock } = await start();
  for (const repeatable of REPEATABLE) {
    const upstream = await wait(pool, target, false);
    pool.release(target, upstream, said, kindOf('GET 200 /'));
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    await clock.advance(age);
    const taken = pool.take(target, repeatable);
    expect(taken).toBe(gets[repeatable ? 0 : 1] ? upstream : undefined);
    // One that is not good enough is closed: a target may serve one at a time.
    if (taken === undefined) expect(upstream.socket.destroyed).toBe(true);
    taken?.destroy();
  }
});

it('believes a target that was seen to keep a connection, until it closes a young one', async () => {
  const { pool, target, clock, sides } = await start();
  await giveBack(pool, target, await wait(pool, target));
  await clock.advance(3_000);
  const kept = pool.take(target, true);
  expect(kept).toBeDefined();
  if (kept === undefined) return;
  // Nothing is learnt from that: who can repeat its request does not ask how old the connection is.
  await giveBack(pool, target, kept);
  await clock.advance(5_000);
  expect(pool.idle).toBe(0);
  const second = await wait(pool, target);
  await giveBack(pool, target, second);
  await clock.advance(500);
  expect(pool.take(target, false)).toBe(second);
  await giveBack(pool, target, second);
  sides.at(-1)?.end();
  await eventually(() => expect(pool.idle).toBe(0));
  const third = await wait(pool, target);
  await giveBack(pool, target, third);
  expect(pool.take(target, false)).toBeUndefined();
});

describe('the first connection of a kind rests: it', () => {
  const REST = 60;
  const GET = 'GET 200 /users/17';

  /** Uses a connection of its own for each kind, and gives it back. */
  async function use({ pool, target }: Bench, ...kinds: readonly string[]): Promise<readonly Upstream[]> {
    const upstreams = await Promise.all(kinds.map(() => wait(pool, target, false)));
    for (const [index, upstream] of upstreams.entries())
      pool.release(target, upstream, undefined, kindOf(kinds[index] ?? ''));
    return upstreams;
  }

  /** The time passes, and what has come meanwhile is read. */
  async function pass({ clock }: Bench, ms: number): Promise<void> {
    await clock.advance(ms);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  }

  it('is given to nobody before that is over', async () => {
    const bench = await start({ rest: REST });
    const { pool, target } = bench;
    const [upstream] = await use(bench, GET);
    await pass(bench, REST - 1);
    expect(pool.take(target, true)).toBeUndefined();
    await pass(bench, 2);
    expect(pool.take(target, true)).toBe(upstream);
  });

  it.each([
    ['the same', GET, true],
    ['one that differs in its number', 'GET 200 /users/18', true],
    ['one that differs in its id', 'GET 200 /users/0d6f1f6e-9a3c-4b1e-8c55-0a4b6a2a9f00', true],
    ['another path', 'GET 200 /orders', false],
    ['another method', 'HEAD 200 /users/17', false],
    ['another status', 'GET 304 /users/17', false],
  ])('and proves %s: %s', async (_, kind, isProven) => {
    const bench = await start({ rest: REST });
    const { pool, target } = bench;
    await use(bench, GET);
    await pass(bench, REST + 1);
    pool.take(target, true)?.destroy();
    const [next] = await use(bench, kind);
    expect(pool.take(target, true) === next).toBe(isProven);
  });

  it('proves nothing of a kind that is too long to be remembered', async () => {
    const bench = await start({ rest: REST });
    const long = `GET 200 /${'x'.repeat(256)}`;
    await use(bench, long);
    await pass(bench, REST + 1);
    bench.pool.take(bench.target, true)?.destroy();
    await use(bench, long);
    expect(bench.pool.take(bench.target, true)).toBeUndefined();
  });

  it('and whatever is said on it meanwhile ends all connections, and their use for more than one exchange', async () => {
    const bench = await start({ rest: REST });
    const { pool, sides, clock } = bench;
    await use(bench, 'GET 200 /a');
    await pass(bench, REST + 1);
    expect(pool.idle).toBe(1);
    const upstreams = await use(bench, 'GET 200 /b', 'GET 200 /c');
    sides.at(-1)?.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await eventually(() => expect(upstreams.every(({ socket }) => socket.destroyed)).toBe(true));
    expect(pool.idle).toBe(0);
    await use(bench, 'GET 200 /a');
    await clock.advance(REST + 1);
    expect(pool.idle).toBe(0);
  });

  it('is offered sooner when 32 others rest, but for the first, and proves nothing then', async () => {
    const bench = await start({ rest: REST });
    const { pool, target } = bench;
    const upstreams = await use(
      bench,
      ...Array.from({ length: 33 }, (_, index) => `GET 200 /${'x'.repeat(index)}`),
    );
    expect(pool.take(target, true)).toBe(upstreams[1]);
    expect(pool.take(target, true)).toBeUndefined();
  });

  it('is seen to be silent only when what has come was read, however late the clock is', async () => {
    const bench = await start({ rest: REST });
    const { pool, target, sides, clock } = bench;
    await use(bench, GET);
    sides[0]?.write('HTTP/1.1 200 OK\r\n\r\n');
    await clock.advance(100 * REST);
    await eventually(() => expect(pool.take(target, true)).toBeUndefined());
    expect(pool.idle).toBe(0);
  });

  it('is closed with the pool', async () => {
    const bench = await start({ rest: REST });
    const [upstream] = await use(bench, GET);
    bench.pool.close();
    expect(upstream?.socket.destroyed).toBe(true);
  });
});
