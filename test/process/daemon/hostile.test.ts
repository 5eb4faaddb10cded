/** Clients that say what is not theirs to say: the control socket believes only what it has checked. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { claimFor, createScene, runStack, snapshotOf, type Scene } from './scene.ts';

let scene: Scene;
const sockets: Socket[] = [];

beforeEach(async () => {
  scene = createScene();
  await scene.start();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await scene.close();
});

/** A connection without a client library: whatever it likes to send, line by line. */
async function dialRaw(): Promise<(request: string, params: unknown) => Promise<Record<string, unknown>>> {
  const socket = createConnection(scene.home.socket);
  sockets.push(socket);
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  let id = 0;
  const ask = async (request: string, params: unknown): Promise<Record<string, unknown>> => {
    socket.write(`${JSON.stringify({ id: (id += 1), request, params })}\n`);
    const { value } = (await lines.next()) as { value: string };
    return JSON.parse(value) as Record<string, unknown>;
  };
  await ask('hello', { protocol: { min: 1, max: 1 }, version: '1' });
  return ask;
}

const refusal = (code: string) => ({ error: expect.objectContaining({ code }) as unknown });

describe('a client that is not the runner of a stack', () => {
  it('moves none of its numbers, and publishes nothing for it', async () => {
    const runner = await scene.connect();
    const { key, port, slug } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const stranger = await dialRaw();
    const ref = { service: 'api', port: 'http' };
    expect(await stranger('reassign', { stack: key, port: ref, number: port })).toMatchObject(
      refusal('STACK_NOT_RUNNING'),
    );
    // Not as the runner of another stack either.
    const other = await scene.connect();
    await runStack(other, claimFor(scene.makeRoot('blog'), 'blog'));
    await expect(other.request('reassign', { stack: key, port: ref, number: port })).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
    });
    const tables = scene.front.tables.length;
    expect(await stranger('publish', { stack: key, snapshot: snapshotOf(port, []) })).toMatchObject(
      refusal('STACK_NOT_RUNNING'),
    );
    expect(await stranger('attach', { stack: key, pid: 1 })).toMatchObject(refusal('STACK_RUNNING'));
    expect(scene.front.tables.length).toBe(tables);
    const { lease, moved } = await runner.request('reassign', { stack: key, port: ref, number: port });
    expect({ number: lease.number, moved }).toEqual({ number: port, moved: false });
    expect((await runner.request('list', {})).stacks.map((stack) => stack.slug)).toContain(slug);
  });

  it('says what to do when the stack has not claimed a name', async () => {
    const stranger = await dialRaw();
    const stack = { root: scene.makeRoot('nobody'), environment: 'dev' };
    for (const [request, params] of [
      ['lease', { stack, ports: [{ service: 'api', port: 'http' }] }],
      ['attach', { stack, pid: 1 }],
    ] as const) {
      expect(await stranger(request, params)).toEqual({
        id: expect.any(Number) as number,
        error: { code: 'BAD_MESSAGE', message: `${stack.root} has not claimed a name yet` },
      });
    }
  });
});

describe('a claim', () => {
  it('of a root that is none, or of what a whole workspace holds, is refused and changes nothing', async () => {
    const runner = await scene.connect();
    const claim = claimFor(scene.makeRoot('shop'), 'shop');
    await runStack(runner, claim);
    const stranger = await dialRaw();
    for (const part of [
      { root: `${claim.root}/missing` },
      { root: claim.workspaceId },
      { root: `${claim.root}/../shop` },
      { root: 'shop' },
      { root: '/etc/hostname\0' },
      { workspaceId: claim.root },
      { environment: '../../x' },
    ]) {
      expect({ part, ...(await stranger('claim', { ...claim, ...part })) }).toMatchObject(
        refusal('BAD_MESSAGE'),
      );
    }
    expect((await runner.request('list', { all: true })).stacks).toHaveLength(1);
  });
});

describe('a snapshot', () => {
  it.each([
    ['a rewrite', { path: '/api', rewrite: '/x HTTP/1.1\r\nHost: evil\r\n\r\nGET /' }],
    ['a path', { path: '/api\r\n' }],
    ['a Host', { hostHeader: 'a\r\nx: y' }],
    ['a long name', { canonical: 'a\r\nset-cookie: x' }],
  ])('with %s of several lines is refused as a whole', async (_, part) => {
    const runner = await scene.connect();
    const { key, port, slug } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const snapshot = snapshotOf(port, [`api.${slug}.localhost`]);
    const tables = scene.front.tables.length;
    await expect(
      runner.request('publish', {
        stack: key,
        snapshot: { ...snapshot, routes: snapshot.routes.map((route) => ({ ...route, ...part })) },
      }),
    ).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    expect(scene.front.tables.length).toBe(tables);
  });

  it('reaches the front: what was published last is what is served', async () => {
    const runner = await scene.connect();
    const { key, port, slug } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const tables = scene.front.tables.length;
    await runner.request('publish', {
      stack: key,
      snapshot: { ...snapshotOf(port, [`new.${slug}.localhost`]), left: { message: 'one is left' } },
    });
    expect(scene.front.tables.length).toBe(tables + 1);
    expect(scene.front.tables.at(-1)?.[0]?.routes.map(({ host }) => host)).toEqual([`new.${slug}.localhost`]);
    const [stack] = (await runner.request('list', {})).stacks;
    expect(stack?.left).toEqual({ message: 'one is left' });
  });

  it('does not get the name of another stack', async () => {
    const first = await scene.connect();
    await runStack(first, claimFor(scene.makeRoot('shop'), 'shop'));
    const second = await scene.connect();
    const { key, port } = await runStack(second, claimFor(scene.makeRoot('blog'), 'blog'));
    const { refusedHosts } = await second.request('publish', {
      stack: key,
      snapshot: snapshotOf(port, [
        'shop.localhost',
        'x.shop.localhost',
        'portramp.localhost',
        'blog.localhost',
      ]),
    });
    expect(refusedHosts).toEqual({
      'shop.localhost': 'shop',
      'x.shop.localhost': 'shop',
      'portramp.localhost': 'portramp',
    });
  });
});
