import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { NoticeParams } from '../../../src/protocol/messages.ts';
import { claimFor, createScene, runStack, snapshotOf, type Scene } from './scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = createScene();
  await scene.start();
});

afterEach(() => scene.close());

describe('a stack', () => {
  it('is named, leased, routed, listed, and gone with its runner', async () => {
    const runner = await scene.connect();
    const other = await scene.connect();
    const root = scene.makeRoot('shop');
    const { key, slug, port, refused } = await runStack(runner, claimFor(root, 'shop', { branch: 'main' }));
    expect(slug).toBe('shop');
    expect(refused).toEqual({});
    const { stacks, front } = await other.request('list', {});
    expect(front).toEqual({ http: 7_999 });
    expect(stacks).toEqual([
      {
        ...claimFor(root, 'shop', { branch: 'main' }),
        slug: 'shop',
        ident: 'shop',
        index: 0,
        pid: process.pid,
        services: snapshotOf(port, ['api.shop.localhost', 'api.localhost']).services,
      },
    ]);
    expect(scene.front.tables.at(-1)).toMatchObject([{ slug: 'shop', label: 'shop (main)' }]);

    const gone = new Promise<NoticeParams<'stack'>>((resolve) => {
      other.onNotice((name, params) => {
        const news = params as NoticeParams<'stack'>;
        if (name === 'stack' && news.stack === undefined) resolve(news);
      });
    });
    await other.request('watch', { stack: key });
    runner.close();
    expect(await gone).toEqual({ key });
    expect((await other.request('list', {})).stacks).toEqual([]);
    expect(scene.front.tables.at(-1)).toEqual([]);
    const remembered = await other.request('list', { all: true });
    expect(remembered.stacks).toMatchObject([{ slug: 'shop', services: [] }]);
    expect(remembered.stacks[0]).not.toHaveProperty('pid');
  });

  it('has one runner', async () => {
    const root = scene.makeRoot('shop');
    const first = await scene.connect();
    const second = await scene.connect();
    const { key, port } = await runStack(first, claimFor(root, 'shop'));
    await expect(second.request('attach', { stack: key, pid: 1 })).rejects.toMatchObject({
      code: 'STACK_RUNNING',
      message: `${root} is run by process ${process.pid} already`,
    });
    await expect(
      second.request('publish', { stack: key, snapshot: snapshotOf(port, []) }),
    ).rejects.toMatchObject({ code: 'STACK_NOT_RUNNING' });
  });

  it('keeps its leases, and releases those of ports that it no longer has', async () => {
    const runner = await scene.connect();
    const { key, port } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const ports = [
      { service: 'api', port: 'http' },
      { service: 'web', port: 'http' },
    ];
    const { leases } = await runner.request('lease', { stack: key, ports });
    expect(leases[0]).toEqual({ service: 'api', port: 'http', number: port });
    await runner.request('publish', { stack: key, snapshot: snapshotOf(port, []) });
    const other = await scene.connect();
    const held = {
      slug: 'x',
      index: 0,
      leases: [{ service: 'api', port: 'http', number: leases[1]!.number }],
    };
    const root = scene.makeRoot('other');
    await other.request('claim', { ...claimFor(root, 'other'), held });
    const again = await other.request('lease', { stack: { root, environment: 'dev' }, ports: [ports[0]!] });
    expect(again.leases[0]?.number).toBe(leases[1]!.number);
  });

  it('gets no short host that another workspace has, nor one below its name', async () => {
    const first = await scene.connect();
    const second = await scene.connect();
    await runStack(first, claimFor(scene.makeRoot('shop'), 'shop'));
    const { key, port, refused } = await runStack(second, claimFor(scene.makeRoot('blog'), 'blog'));
    expect(refused).toEqual({ 'api.localhost': 'shop' });
    const hosts = ['api.blog.localhost', 'evil.shop.localhost'];
    const { refusedHosts } = await second.request('publish', {
      stack: key,
      snapshot: snapshotOf(port, hosts),
    });
    expect(refusedHosts).toEqual({ 'evil.shop.localhost': 'shop' });
    const routed = scene.front.tables.at(-1)?.map((stack) => stack.routes.map((route) => route.host));
    expect(routed).toEqual([['api.shop.localhost', 'api.localhost'], ['api.blog.localhost']]);
    await expect(
      second.request('publish', { stack: key, snapshot: snapshotOf(port, ['127.0.0.1']) }),
    ).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    expect(scene.front.tables.at(-1)?.map((stack) => stack.routes.length)).toEqual([2, 1]);
  });

  it('must have a name before it has anything else', async () => {
    const client = await scene.connect();
    const stack = { root: '/nowhere', environment: 'dev' };
    await expect(client.request('lease', { stack, ports: [] })).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
    });
    await expect(client.request('attach', { stack, pid: 1 })).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
  });

  it('gets commands passed on, and answers them', async () => {
    const runner = await scene.connect();
    const other = await scene.connect();
    const { key } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    runner.onCommand(async (command) => ({ message: `did ${command.action}` }));
    const command = { action: 'restart' as const, services: ['api'] };
    expect(await other.request('command', { stack: key, command })).toEqual({ message: 'did restart' });
    runner.onCommand(() => new Promise(() => runner.close()));
    await expect(other.request('command', { stack: key, command })).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
    });
  });

  it('is forgotten when its checkout is gone, unless it runs', async () => {
    const runner = await scene.connect();
    const root = scene.makeRoot('shop');
    const { key } = await runStack(runner, claimFor(root, 'shop'));
    rmSync(root, { recursive: true });
    const client = await scene.connect();
    expect(await client.request('forget', {})).toEqual({ forgotten: [] });
    expect(await client.request('forget', { stacks: [key] })).toEqual({ forgotten: [] });
    const gone = new Promise<void>((resolve) => {
      client.onNotice((_, params) => {
        if (!('stack' in params)) resolve();
      });
    });
    await client.request('watch', { stack: key });
    runner.close();
    await gone;
    expect((await client.request('forget', {})).forgotten).toMatchObject([{ slug: 'shop', root }]);
    expect((await client.request('list', { all: true })).stacks).toEqual([]);
  });
});

describe('leases', () => {
  it('are unique among 8 clients with 100 each at once', async () => {
    const granted = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const client = await scene.connect();
        const root = scene.makeRoot(`w${index}`);
        const stack = { root, environment: 'dev' };
        await client.request('claim', claimFor(root, `w${index}`));
        const numbers: number[] = [];
        for (let batch = 0; batch < 10; batch += 1) {
          const ports = Array.from({ length: 10 }, (__, port) => ({
            service: `s${batch}`,
            port: `p${port}`,
          }));
          const { leases } = await client.request('lease', { stack, ports });
          numbers.push(...leases.map((lease) => lease.number));
        }
        return numbers;
      }),
    );
    const numbers = granted.flat();
    expect(numbers).toHaveLength(800);
    expect(new Set(numbers).size).toBe(800);
  });

  it('are the same again after the ledger was deleted', async () => {
    const root = scene.makeRoot('shop');
    const ports = ['api', 'web', 'db'].map((service) => ({ service, port: 'http' }));
    const ask = async (): Promise<unknown> => {
      const client = await scene.connect();
      await client.request('claim', claimFor(root, 'shop'));
      return client.request('lease', { stack: { root, environment: 'dev' }, ports });
    };
    const before = await ask();
    await scene.stop();
    rmSync(scene.home.ledger);
    await scene.start();
    expect(await ask()).toEqual(before);
  });
});

describe('the daemon', () => {
  it('says who holds a port', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const client = await scene.connect();
    const taken = await client.request('holder', { port });
    expect(taken.free).toBe(false);
    if (process.platform === 'linux') {
      expect(taken.holders).toMatchObject([{ pid: process.pid, cwd: process.cwd(), address: '127.0.0.1' }]);
    }
    server.close();
    await once(server, 'close');
    expect(await client.request('holder', { port })).toEqual({ free: true, holders: [] });
  });

  it('refuses to stop under running stacks unless forced, and says that it closes', async () => {
    const runner = await scene.connect();
    await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const client = await scene.connect();
    await expect(client.request('shutdown', {})).rejects.toMatchObject({
      code: 'DAEMON_BUSY',
      message: 'these stacks are running: shop',
    });
    const notice = new Promise((resolve) => runner.onNotice((name, params) => resolve([name, params])));
    const closed = new Promise<void>((resolve) => client.onClose(resolve));
    await client.request('shutdown', { force: true });
    expect(await notice).toEqual(['closing', { reason: 'stop' }]);
    await closed;
  });

  it.skipIf(process.platform === 'win32')('listens on a socket of this user alone', () => {
    expect(statSync(scene.home.socket).mode & 0o777).toBe(0o600);
    expect(statSync(scene.home.root).mode & 0o777).toBe(0o700);
  });

  it('reports what it is', async () => {
    const client = await scene.connect();
    expect(await client.request('status', {})).toEqual({
      pid: process.pid,
      version: '1.0.0',
      protocol: { min: 1, max: 1 },
      home: scene.home.root,
      front: { http: 7_999 },
      stacks: 0,
      problems: [],
    });
  });

  it.each([
    ['nothing', {}, 'there is no request "nothing"'],
    ['toString', {}, 'there is no request "toString"'],
    ['lease', { stack: 5 }, '"lease": params.stack: Invalid input: expected object, received number'],
    ['watch', undefined, '"watch": params.stack: Invalid input: expected object, received undefined'],
  ])('answers the request %s %j with BAD_MESSAGE', async (name, params, message) => {
    const client = await scene.connect();
    await expect(client.request(name as 'watch', params as never)).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
      message,
    });
  });
});
