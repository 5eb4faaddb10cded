import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { request } from '../workspace.ts';
import { buildBundle, createPrivateHome, makeFolder } from './bundle.ts';
import { claimFor, runStack } from './scene.ts';

let bundle = '';

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle, {
    daemon: 'src/daemon/main.ts',
    inspector: 'src/daemon/inspector.ts',
    pulse: 'src/daemon/pulse-thread.ts',
    scarce: 'test/process/runtime/scarce.ts',
  });
});

afterAll(() => rmSync(bundle, { recursive: true }));

/** Node with a limit of open files, both the soft and the hard one. */
const limited = (limit: number, ...words: string[]): string[] => [
  '-c',
  `ulimit -n ${limit}; exec "$@"`,
  'sh',
  process.execPath,
  ...words,
];

it.skipIf(process.platform !== 'linux')(
  'a process without a file descriptor locks, logs and looks with the one it kept, and waits with the rest',
  async () => {
    const folder = join(bundle, 'scarce');
    mkdirSync(folder);
    const words = limited(80, join(bundle, 'scarce.js'), folder);
    const { stdout } = await promisify(execFile)('/bin/sh', words, { cwd: bundle });
    expect(JSON.parse(stdout)).toEqual({
      limit: 80,
      alive: true,
      locked: true,
      listeners: true,
      look: 'EMFILE',
      aside: 'EMFILE',
      file: 'whole',
      free: 'looked',
      started: 0,
      log: true,
    });
  },
);

it.skipIf(process.platform !== 'linux')(
  'a daemon that may have 300 files survives 600 connections: it turns some away, says so, and serves on',
  async () => {
    const scene = createPrivateHome(bundle);
    const daemon: ChildProcess = spawn('/bin/sh', limited(300, join(bundle, 'daemon.js')), {
      env: scene.environment,
      stdio: 'ignore',
    });
    await eventually(() => expect(existsSync(scene.home.socket)).toBe(true));
    const client = await scene.connect();
    expect(client.pid).toBe(daemon.pid);
    const root = makeFolder();
    await runStack(client, claimFor(root, 'shop'));
    let pings = 0;
    client.onCommand(async () => {
      pings += 1;
      return {};
    });
    const { front } = await client.request('list', {});
    const port = front.http ?? 0;
    const ask = () => request({ host: '127.0.0.1', port, path: '/', headers: { host: 'nobody.localhost' } });
    const { status } = await ask();

    const answers: string[] = [];
    const sockets: Socket[] = Array.from({ length: 600 }, () =>
      connect({ host: '127.0.0.1', port })
        .on('error', () => undefined)
        .on('data', (data: Buffer) => answers.push(data.toString().split('\r\n')[0] ?? '')),
    );
    await eventually(() => expect(sockets.filter((socket) => socket.destroyed).length).toBeGreaterThan(300));
    expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 503 Service Unavailable']));
    // As long as they stay, commands are served, and the daemon looks after its socket and its lock.
    for (let looks = 0; looks < 2; looks += 1) {
      // Two seconds of the daemon's, in which it has looked at both.
      const asked = pings;
      await eventually(() => expect(pings).toBeGreaterThan(asked));
      const second = await scene.connect();
      expect(second.pid).toBe(daemon.pid);
      await runStack(client, claimFor(root, 'shop'));
    }
    expect([daemon.exitCode, daemon.signalCode]).toEqual([null, null]);
    expect(readFileSync(scene.home.daemonLog, 'utf8')).toMatch(
      /new connections are turned away, \d+ are open: the daemon is out of file descriptors \(it may have 300/,
    );
    for (const socket of sockets) socket.destroy();
    await eventually(async () => expect((await ask()).status).toBe(status));
    const exited = once(daemon, 'exit');
    await scene.close();
    expect(await exited).toEqual([0, null]);
    rmSync(root, { recursive: true });
  },
);
