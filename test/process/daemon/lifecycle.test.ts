import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { createTraffic } from '../../../src/proxy/traffic.ts';
import { ALREADY_RUNNING } from '../../../src/daemon/control.ts';
import { startDaemon } from '../../../src/daemon/daemon.ts';
import { tryLock } from '../../../src/lib/lock.ts';
import { prepareStateFolder } from '../../../src/lib/state-folder.ts';
import { connectDaemon } from '../../../src/protocol/client.ts';
import { createPeer } from '../../../src/protocol/peer.ts';
import { claimFor, createScene, runStack, snapshotOf, type Scene } from './scene.ts';

let scene: Scene;

beforeEach(() => {
  scene = createScene();
});

afterEach(() => scene.close());

async function dial(): Promise<Socket> {
  const socket = createConnection(scene.home.socket);
  await once(socket, 'connect');
  return socket;
}

describe('a second daemon of a home', () => {
  it('finds the first and changes nothing', async () => {
    await scene.start();
    const second = await startDaemon({
      home: scene.home,
      version: '2.0.0',
      environment: {},
      log: () => undefined,
      front: {
        traffic: createTraffic(systemClock),
        wakes: new Emitter(),
        speaksTls: new Emitter(),
        knowsTls: () => false,
        sightingOf: () => undefined,
        requests: new Emitter(),
        listen: async () => 1,
        publish: () => undefined,
        expect: () => undefined,
        close: async () => undefined,
        port: undefined,
      },
      onDisplaced: () => undefined,
    });
    expect(second).toBe(ALREADY_RUNNING);
    expect((await scene.connect()).version).toBe('1.0.0');
  });
});

describe('a daemon that is displaced', () => {
  it('is told when its socket path is gone or another one', async () => {
    const displaced = new Promise<void>((resolve) => {
      void scene.start({ onDisplaced: resolve }).then(() => unlinkSync(scene.home.socket));
    });
    await displaced;
    expect(scene.log).toContain('the socket path is no longer ours');
  });

  it('is told when its lock is gone', async () => {
    const displaced = new Promise<void>((resolve) => {
      void scene.start({ onDisplaced: resolve }).then(() => unlinkSync(scene.home.lock));
    });
    await displaced;
    expect(scene.log).toContain('the lock file is no longer ours');
  });
});

describe('a daemon that is asked to end just after another one took its place', () => {
  it('leaves the socket and the lock of that one alone', async () => {
    const daemon = await scene.start();
    unlinkSync(scene.home.lock);
    unlinkSync(scene.home.socket);
    const winner = tryLock(scene.home.lock);
    const server = createServer().listen(scene.home.socket);
    await once(server, 'listening');
    daemon.end('stop');
    await daemon.ended;
    expect(existsSync(scene.home.socket)).toBe(true);
    expect(winner?.isHeld()).toBe(true);
    server.close();
    winner?.release();
  });
});

describe('a home with a very long path', () => {
  it('works, with a socket elsewhere', async () => {
    const far = createScene('x'.repeat(110));
    await far.start();
    expect(Buffer.byteLength(far.home.root)).toBeGreaterThan(100);
    const client = await far.connect();
    expect((await client.request('status', {})).home).toBe(far.home.root);
    await far.close();
  });
});

describe('a ledger', () => {
  it('that is newer keeps the daemon from starting, and stays', async () => {
    await prepareStateFolder(scene.home);
    writeFileSync(scene.home.ledger, '{"version": 2}');
    await expect(scene.start()).rejects.toMatchObject({ code: 'LEDGER_NEWER' });
    expect(readFileSync(scene.home.ledger, 'utf8')).toBe('{"version": 2}');
    expect(existsSync(scene.home.lock)).toBe(false);
  });

  it('that was cut off is set aside and reported; a running stack keeps everything', async () => {
    const root = scene.makeRoot('shop');
    await scene.start();
    const before = await runStack(await scene.connect(), claimFor(root, 'shop'));
    await scene.stop();
    writeFileSync(scene.home.ledger, readFileSync(scene.home.ledger).subarray(0, 100));
    await scene.start();
    const runner = await scene.connect();
    const status = await runner.request('status', {});
    expect(status.problems).toEqual([expect.stringContaining('ledger.json.corrupt-')]);
    expect(scene.log.join('\n')).toContain('ledger.json.corrupt-');
    expect(readdirSync(scene.home.root).some((name) => name.startsWith('ledger.json.corrupt-'))).toBe(true);
    // The runner says what it had: a number that no hash would give it.
    const held = {
      slug: 'shop-two',
      index: 4,
      leases: [{ service: 'api', port: 'http', number: before.port + 1 }],
    };
    const { stack } = await runner.request('claim', { ...claimFor(root, 'shop'), held });
    expect(stack).toMatchObject({ slug: 'shop-two', index: 4 });
    const { leases } = await runner.request('lease', {
      stack: before.key,
      ports: [{ service: 'api', port: 'http' }],
    });
    expect(leases).toEqual(held.leases);
  });

  it('tells the front which hosts to expect, and keeps the front’s port', async () => {
    await scene.start({ environment: { PORTRAMP_HTTP_PORT: '8123' } });
    await runStack(await scene.connect(), claimFor(scene.makeRoot('shop'), 'shop'));
    await scene.stop();
    await scene.start({ environment: {} });
    expect([...scene.front.expected]).toEqual(['api.shop.localhost', 'api.localhost']);
    expect((await (await scene.connect()).request('list', {})).front).toEqual({ http: 8123 });
    await scene.stop();
    await expect(scene.start({ environment: { PORTRAMP_HTTP_PORT: '8124' } })).rejects.toMatchObject({
      code: 'FRONT_PORT_CONFLICT',
    });
  });

  it('that cannot be written fails the request and not the daemon', async () => {
    await scene.start();
    const client = await scene.connect();
    const root = scene.makeRoot('shop');
    await client.request('claim', claimFor(root, 'shop'));
    const text = readFileSync(scene.home.ledger, 'utf8');
    // A folder in its place: even root cannot rename a file over it.
    rmSync(scene.home.ledger);
    const { mkdirSync } = await import('node:fs');
    mkdirSync(scene.home.ledger);
    const stack = { root, environment: 'dev' };
    const ports = [{ service: 'api', port: 'http' }];
    await expect(client.request('lease', { stack, ports })).rejects.toMatchObject({ code: 'STATE_FOLDER' });
    rmSync(scene.home.ledger, { recursive: true });
    writeFileSync(scene.home.ledger, text);
    expect((await client.request('lease', { stack, ports })).leases).toHaveLength(1);
  });
});

describe('clients of other protocols', () => {
  beforeEach(() => scene.start({ protocol: { min: 1, max: 2 } }));

  it('of the previous one are served in it', async () => {
    const client = await scene.connect({ protocol: { min: 1, max: 1 } });
    expect(client.protocol).toBe(1);
    expect((await client.request('list', {})).stacks).toEqual([]);
  });

  it('of a newer one that still speaks ours are served in ours', async () => {
    expect((await scene.connect({ protocol: { min: 2, max: 3 } })).protocol).toBe(2);
  });

  it('that are too old learn what to do, and never replace the daemon', async () => {
    const options = { home: scene.home, version: '0.1.0', protocol: { min: 0, max: 0 } };
    for (const spawn of [false, true]) {
      await expect(connectDaemon({ ...options, spawn })).rejects.toMatchObject({
        code: 'PROTOCOL_MISMATCH',
        hint: 'install portramp 1.0.0 or later in this checkout',
      });
    }
    expect((await scene.connect()).version).toBe('1.0.0');
  });

  it('that are too new do not replace it unless they may start one', async () => {
    await expect(scene.connect({ protocol: { min: 3, max: 3 } })).rejects.toMatchObject({
      code: 'PROTOCOL_MISMATCH',
      message: expect.stringContaining('the running daemon is older') as string,
    });
  });

  it('make it yield only for a newer protocol; then runners are told and it ends', async () => {
    const runner = await scene.connect();
    await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const notice = new Promise((resolve) => runner.onNotice((name, params) => resolve([name, params])));
    const closed = new Promise<void>((resolve) => runner.onClose(resolve));
    expect(await runner.request('yield', { protocol: 2, version: '9.0.0' })).toEqual({ yielding: false });
    const peer = createPeer(await dial());
    // Without a hello: these requests are frozen for ever.
    expect(await peer.request('status', {})).toMatchObject({
      version: '1.0.0',
      protocol: { min: 1, max: 2 },
    });
    expect(await peer.request('yield', { protocol: 3, version: '9.0.0' })).toEqual({ yielding: true });
    expect(await notice).toEqual(['closing', { reason: 'yield' }]);
    await closed;
  });
});

describe('a client that misbehaves', () => {
  it('is refused before its hello', async () => {
    await scene.start();
    const peer = createPeer(await dial());
    await expect(peer.request('list', {})).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    peer.destroy();
  });

  it('with garbage hurts nobody else', async () => {
    await scene.start();
    const runner = await scene.connect();
    const { key } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const bad = await dial();
    bad.on('error', () => undefined);
    const ended = once(bad, 'close');
    bad.resume();
    bad.write(
      Buffer.concat([
        Buffer.from([0, 255, 254, 10]),
        Buffer.from('{"id":{}}\n'),
        Buffer.alloc(100_000, 0x7b),
      ]),
    );
    await ended;
    expect((await runner.request('list', {})).stacks).toHaveLength(1);
    runner.onCommand(async () => ({ message: 'fine' }));
    const other = await scene.connect();
    expect(await other.request('command', { stack: key, command: { action: 'ping' } })).toEqual({
      message: 'fine',
    });
  });

  it('by watching without reading is dropped when a mebibyte is unsent, and no other', async () => {
    await scene.start();
    const runner = await scene.connect();
    const { key, port } = await runStack(runner, claimFor(scene.makeRoot('shop'), 'shop'));
    const watcher = await scene.connect();
    let news = 0;
    watcher.onNotice(() => (news += 1));
    await watcher.request('watch', { stack: key });

    const slow = await dial();
    slow.on('error', () => undefined);
    slow.write('{"id":1,"request":"hello","params":{"protocol":{"min":1,"max":1},"version":"1"}}\n');
    slow.write(`${JSON.stringify({ id: 2, request: 'watch', params: { stack: key } })}\n`);
    await once(slow, 'data');
    slow.pause();

    const snapshot = snapshotOf(port, ['api.shop.localhost']);
    const log = [`x${'y'.repeat(200_000)}`];
    const service = { ...snapshot.services[0]!, failure: { message: 'big', log } };
    let published = 0;
    while (!scene.log.includes('a client was disconnected: it does not read what it is sent')) {
      await runner.request('publish', { stack: key, snapshot: { ...snapshot, services: [service] } });
      published += 1;
      expect(published).toBeLessThan(50);
    }
    expect((await watcher.request('list', {})).stacks).toHaveLength(1);
    expect(news).toBe(published + 1);
    slow.destroy();
  });
});
