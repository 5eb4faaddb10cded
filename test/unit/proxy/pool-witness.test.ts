/** How it is found out which targets serve many connections at a time, and what that costs those that do not. */
import { expect, it } from 'vitest';

import type { Target } from '../../../src/proxy/engine/engine.ts';
import type { Upstream } from '../../../src/proxy/pool-upstream.ts';
import type { Peer } from './memory/connection.ts';
import { TARGET } from './memory/network.ts';
import { kindOf } from './kind.ts';
import { openPool, type PoolScene } from './pool-scene.ts';

const WITNESS = 100;
const DOUBT = 2_000;
const BELIEVED_FOR = 60_000;
const KIND = kindOf('GET 200 /');

interface Bench extends PoolScene {
  /** Sends a request over a new connection, as an exchange does. */
  readonly ask: (target?: Target) => Promise<Upstream>;
  /** Gives a connection back. */
  readonly release: (upstream: Upstream, target?: Target) => void;
  /** One after the other: a request over a new connection, its answer, and back. */
  readonly use: (target?: Target) => Promise<Upstream>;
  /** The target's end of a connection. */
  readonly peerOf: (upstream: Upstream) => Peer;
  /** Shows that the target serves many. */
  readonly show: () => Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(rest = 0): Bench {
  const scene = openPool(rest, WITNESS);
  const { pool, peers } = scene;
  const peerOf = (upstream: Upstream): Peer => {
    const peer = peers.find(({ socket }) => socket === upstream.socket);
    if (peer === undefined) throw new Error('a connection that nobody has made');
    return peer;
  };
  const ask = async (target: Target = TARGET): Promise<Upstream> => {
    const upstream = await scene.next(false, target);
    upstream.user = { ...IDLER, sink: upstream.socket };
    return upstream;
  };
  const release = (upstream: Upstream, target: Target = TARGET): void =>
    pool.release(target, upstream, undefined, KIND);
  const use = async (target?: Target): Promise<Upstream> => {
    const upstream = await ask(target);
    peerOf(upstream).send('HTTP/1.1 200 OK');
    await turn();
    await turn();
    release(upstream, target);
    return upstream;
  };
  const show = async (): Promise<void> => {
    await use();
    await use();
    await turn();
  };
  return { ...scene, peerOf, ask, release, use, show };
}

const IDLER = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

const isOpen = ({ socket }: Upstream): boolean => !socket.destroyed;

it('a used connection is left open for 100 ms, not a millisecond longer, and nobody is given it', async () => {
  const { clock, pool, use } = open();
  // Between two ticks of the wheel, which would let it wait for the next one.
  await clock.advance(120);
  const upstream = await use();
  expect(pool.take(TARGET, true)).toBeUndefined();
  await clock.advance(WITNESS - 1);
  expect(isOpen(upstream)).toBe(true);
  await clock.advance(1);
  expect([isOpen(upstream), clock.waiting]).toEqual([false, 0]);
  // Nobody has come meanwhile: that tells nothing.
  expect(isOpen(await use())).toBe(true);
});

it('a target that answers on another one meanwhile serves many: connections are kept from then on', async () => {
  const { clock, pool, use } = open();
  const first = await use();
  const second = await use();
  await turn();
  expect([isOpen(first), clock.waiting]).toEqual([false, 1]);
  await clock.advance(3_000);
  expect(pool.take(TARGET, true)).toBe(second);
});

it('the first answer counts, not its end, and however many come at once', async () => {
  const { pool, ask, use, peerOf, release } = open();
  await use();
  const others = [await ask(), await ask()];
  for (const other of others) peerOf(other).send('HTTP/1.1 200 OK');
  await turn();
  await turn();
  await turn();
  for (const other of others) release(other);
  expect(pool.idle).toBe(2);
});

it.each(['before the answer is read', 'behind the answer'])(
  'a target that has closed the other one serves one at a time, be that seen %s',
  async (when) => {
    const { pool, ask, use, peerOf, release } = open();
    const first = peerOf(await use());
    const second = await ask();
    if (when === 'behind the answer') peerOf(second).send('HTTP/1.1 200 OK');
    first.finish();
    if (when !== 'behind the answer') peerOf(second).send('HTTP/1.1 200 OK');
    await turn();
    release(second);
    await turn();
    await turn();
    expect(pool.idle).toBe(0);
    expect(pool.take(TARGET, true)).toBeUndefined();
  },
);

it('where somebody has waited in vain, none is left open for two seconds; then it is tried again', async () => {
  const { clock, ask, use, release, peerOf } = open();
  await use();
  const waiting = await ask();
  await clock.advance(WITNESS);
  // Now that nothing is in the way, it is answered.
  peerOf(waiting).send('HTTP/1.1 200 OK');
  await turn();
  await turn();
  release(waiting);
  expect(isOpen(waiting)).toBe(false);
  await clock.advance(DOUBT - 1);
  expect(isOpen(await use())).toBe(false);
  await clock.advance(1);
  expect(isOpen(await use())).toBe(true);
});

it('who waits for a connection to be made waits in vain as well', async () => {
  const { clock, pool, ask, use, release, peerOf, peers } = open();
  const answered = await ask();
  peerOf(answered).send('HTTP/1.1 200 OK');
  await turn();
  await turn();
  const first = await use();
  pool.wait(TARGET, { onUpstream: () => undefined, onFailure: () => undefined }, false);
  // As where TLS is spoken, by a service that takes no other connection.
  peers.at(-1)?.end.removeAllListeners('connect');
  await clock.advance(WITNESS);
  release(answered);
  expect([first, answered].map(isOpen)).toEqual([false, false]);
  pool.close();
});

it('a client that has left waits no more', async () => {
  const { clock, ask, use } = open();
  await use();
  (await ask()).destroy();
  await clock.advance(WITNESS);
  expect(isOpen(await use())).toBe(true);
});

it('one is left open, and no second one; none that has ended; none that nobody waits for any more', async () => {
  const { pool, ask, release, next, clock } = open();
  const [first, second, third] = [await ask(), await ask(), await ask()];
  third.socket.destroy();
  release(third);
  release(first);
  release(second);
  expect([first, second].map(isOpen)).toEqual([true, false]);
  const waiter = { onUpstream: () => undefined, onFailure: () => undefined };
  pool.wait(TARGET, waiter, false);
  pool.cancel(TARGET, waiter);
  await next(false);
  await clock.advance(0);
  expect(pool.idle).toBe(0);
});

it('is believed for a minute, and shown anew where another one is idle beside the one that is answered', async () => {
  const { clock, pool, ask, show, release, use, peerOf } = open();
  await show();
  await clock.advance(BELIEVED_FOR);
  expect(isOpen(await use())).toBe(true);
  expect(pool.idle).toBe(0);

  await use();
  await clock.advance(BELIEVED_FOR / 2 + 1);
  const others = [await ask(), await ask()];
  for (const other of others) release(other);
  const again = pool.take(TARGET, true);
  if (again === undefined) throw new Error('none was kept');
  again.user = { ...IDLER, sink: again.socket };
  peerOf(again).send('HTTP/1.1 200 OK');
  await turn();
  await turn();
  release(again);
  await clock.advance(BELIEVED_FOR / 2);
  const last = await use();
  expect([isOpen(last), pool.idle]).toEqual([true, 1]);
});

it('a target that is far away is taken to serve many: another connection costs more there', async () => {
  const { pool, use } = open();
  for (const [host, kept] of [
    ['192.0.2.1', true],
    ['127.0.0.2', false],
    ['::1', false],
    ['api.localhost', false],
  ] as const) {
    const target = { ...TARGET, host };
    const upstream = await use(target);
    expect([host, pool.take(target, true) === upstream]).toEqual([host, kept]);
  }
});

it('what is left open ends with the pool, and with the trust in its target', async () => {
  const { clock, pool, use } = open();
  const first = await use();
  pool.distrust(TARGET);
  expect([isOpen(first), clock.waiting]).toEqual([false, 0]);
  const other = { ...TARGET, port: 4_001 };
  const second = await use(other);
  pool.close();
  expect([isOpen(second), clock.waiting]).toEqual([false, 0]);
});

it('a target that says something on the one that is left open is used once per connection from then on', async () => {
  const { clock, use, peerOf } = open();
  const first = await use();
  peerOf(first).send('HTTP/1.1 200 OK');
  await turn();
  await turn();
  expect([isOpen(first), clock.waiting]).toEqual([false, 0]);
  expect(isOpen(await use())).toBe(false);
});
