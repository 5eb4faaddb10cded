/** To whom a connection is given that comes back, or is made. */
import { expect, it } from 'vitest';

import { kindOf } from './kind.ts';
import { TARGET } from './memory/network.ts';
import { openPool } from './pool-scene.ts';

const GET = kindOf('GET 200 /');

it('one that was closed meanwhile is given to nobody who waits', async () => {
  const { pool, next } = openPool();
  const closed = await next();
  const waiting = next();
  closed.socket.destroy();
  pool.release(TARGET, closed, undefined, GET);
  expect(await waiting).not.toBe(closed);
  pool.close();
});

it('one that was used is given to who takes such, at once, and to nobody who needs a new one', async () => {
  const { pool, peers, next } = openPool();
  const [first, second] = [await next(), await next()];
  const [fresh, any] = [next(false), next()];
  pool.release(TARGET, first, undefined, GET);
  expect(await any).toBe(first);
  pool.release(TARGET, second, undefined, GET);
  expect([first, second]).not.toContain(await fresh);
  expect(peers.length).toBeGreaterThanOrEqual(3);
  pool.close();
});

it('none is kept of a pool that is closed, nor of a target that has spoken unasked', async () => {
  const { pool, next } = openPool();
  const [first, second, third] = [await next(), await next(), await next()];
  pool.release(TARGET, first, undefined, GET);
  expect(pool.idle).toBe(1);
  pool.distrust(TARGET);
  pool.release(TARGET, second, undefined, GET);
  expect([pool.idle, first.socket.destroyed, second.socket.destroyed]).toEqual([0, true, true]);
  pool.close();
  pool.release(TARGET, third, undefined, GET);
  expect([pool.idle, third.socket.destroyed]).toEqual([0, true]);
});

it('one that was silent after an exchange rests after no other of its kind, whatever its numbers', async () => {
  const { clock, pool, next } = openPool(250);
  const upstream = await next();
  const idleAfter = async (kind: string, ms: number): Promise<number> => {
    pool.release(TARGET, upstream, undefined, kindOf(kind));
    await clock.advance(ms);
    // What has arrived meanwhile is read first.
    await new Promise((resolve) => setImmediate(resolve));
    const { idle } = pool;
    if (idle === 0) await clock.advance(250).then(() => new Promise((resolve) => setImmediate(resolve)));
    expect(pool.take(TARGET, true)).toBe(upstream);
    return idle;
  };
  expect(await idleAfter('GET 200 /a/1', 249)).toBe(0);
  expect(await idleAfter('GET 200 /a/1', 0)).toBe(1);
  expect(await idleAfter('GET 200 /a/22', 0)).toBe(1);
  expect(await idleAfter('GET 200 /b', 0)).toBe(0);
  expect(await idleAfter('POST 200 /a/1', 0)).toBe(0);
  pool.close();
});

it('the first of many that rest does so to its end: however many come, their kind is proven by then', async () => {
  const { clock, pool, next } = openPool(250);
  const upstreams = await Promise.all(Array.from({ length: 40 }, () => next()));
  for (const upstream of upstreams) pool.release(TARGET, upstream, undefined, GET);
  // As under a load that never ends: there is always one more that has to rest.
  for (let round = 0; round < 300; round += 1) {
    const taken = pool.take(TARGET, true);
    if (taken === undefined) throw new Error('too many rest');
    pool.release(TARGET, taken, undefined, GET);
    await clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const last = pool.take(TARGET, true);
  if (last === undefined) throw new Error('too many rest');
  pool.release(TARGET, last, undefined, GET);
  expect(pool.take(TARGET, true)).toBe(last);
  pool.close();
});
