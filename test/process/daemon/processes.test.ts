import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { isAlive, identityOf } from '../../../src/lib/process-identity.ts';
import { PROTOCOL } from '../../../src/protocol/version.ts';
import {
  buildBundle,
  createPrivateHome,
  makeFolder,
  processesOf,
  readEnvironment,
  type PrivateHome,
} from './bundle.ts';
import { claimFor, runStack } from './scene.ts';

let bundle = '';
let scene: PrivateHome;

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle);
});

afterAll(() => rmSync(bundle, { recursive: true }));

beforeEach(() => {
  scene = createPrivateHome(bundle);
});

afterEach(() => scene.close());

interface Report {
  readonly pid?: number;
  readonly front?: { readonly http?: number };
  readonly error?: string;
}

/** Runs the client program; it stays until its stdin ends. */
async function startClient(environment: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; report: Report }> {
  const child = spawn(process.execPath, [join(bundle, 'starter.js')], {
    cwd: scene.home.root.replace(/home$/, ''),
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, report: JSON.parse(line) as Report };
}

async function endClient(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}

async function killDaemon(pid: number, signal: NodeJS.Signals): Promise<void> {
  const daemon = identityOf(pid)!;
  process.kill(pid, signal);
  await eventually(() => expect(isAlive(daemon)).toBe(false));
}

describe('twenty clients at once', () => {
  it('start one daemon', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => startClient(scene.environment)));
    const pids = new Set(clients.map(({ report }) => report.pid ?? report.error));
    expect([...pids]).toEqual([expect.any(Number)]);
    expect(new Set(clients.map(({ report }) => report.front?.http)).size).toBe(1);
    const log = readFileSync(scene.home.daemonLog, 'utf8');
    expect(log.match(/ listens on /g)?.length).toBe(2);
    expect(readdirSync(scene.home.versions)).toHaveLength(1);
    await Promise.all(clients.map(({ child }) => endClient(child)));
    if (process.platform === 'linux') expect(processesOf(scene.home)).toEqual([...pids]);
  });
});

describe('a daemon that is killed', () => {
  it('is replaced at the next dial: same front port, names and leases', async () => {
    const first = await scene.connect();
    const root = makeFolder();
    const before = await runStack(first, claimFor(root, 'shop'));
    const { front } = await first.request('list', {});
    const closed = new Promise<void>((resolve) => first.onClose(resolve));
    await killDaemon(first.pid, 'SIGKILL');
    await closed;
    expect(existsSync(scene.home.socket)).toBe(true);
    const second = await scene.connect();
    expect(second.pid).not.toBe(first.pid);
    const after = await runStack(second, claimFor(root, 'shop'));
    expect(after).toEqual(before);
    expect((await second.request('list', {})).front).toEqual(front);
    rmSync(root, { recursive: true });
  });

  it('closes cleanly on SIGTERM', async () => {
    const client = await scene.connect();
    const notice = new Promise((resolve) => client.onNotice((name, params) => resolve([name, params])));
    await killDaemon(client.pid, 'SIGTERM');
    expect(await notice).toEqual(['closing', { reason: 'stop' }]);
    expect(existsSync(scene.home.socket)).toBe(false);
    expect(existsSync(scene.home.lock)).toBe(false);
  });

  it('leaves by itself when its socket was removed, and another takes its place', async () => {
    const first = await scene.connect();
    const closed = new Promise<void>((resolve) => first.onClose(resolve));
    unlinkSync(scene.home.socket);
    const second = await scene.connect();
    await closed;
    expect(second.pid).not.toBe(first.pid);
    expect(existsSync(scene.home.socket)).toBe(true);
  });
});

describe('a daemon that is stopped', () => {
  it('is reported within seconds, not waited for', async () => {
    const { pid } = await scene.connect();
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(scene.connect()).rejects.toMatchObject({
        code: 'DAEMON_UNREACHABLE',
        message: `the daemon (pid ${pid}) does not answer: it is stopped (state T)`,
        hint: `"kill -CONT ${pid}" wakes it`,
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('a daemon', () => {
  it.skipIf(process.platform !== 'linux')(
    'inherits neither folder nor variables that could hurt it',
    async () => {
      const environment = {
        ...scene.environment,
        NODE_OPTIONS: '--max-http-header-size=20000',
        PORTRAMP_RUN: 'run.api.1',
        SECRET_TOKEN: 'geheim',
      };
      const { child, report } = await startClient(environment);
      await endClient(child);
      const names = readEnvironment(report.pid ?? 0).map((entry) => entry.split('=')[0]);
      expect(names).toContain('PORTRAMP_HOME');
      expect(names).toContain('PATH');
      for (const name of ['NODE_OPTIONS', 'PORTRAMP_RUN', 'SECRET_TOKEN']) expect(names).not.toContain(name);
      expect(readlinkSync(`/proc/${report.pid}/cwd`)).toBe('/');
      const command = readFileSync(`/proc/${report.pid}/cmdline`, 'utf8').split('\0')[1];
      expect(command).toBe(join(scene.home.versions, readdirSync(scene.home.versions)[0]!, 'daemon.js'));
    },
  );

  it('tells its starter why it cannot start', async () => {
    const first = await scene.connect();
    const { front } = await first.request('list', {});
    await killDaemon(first.pid, 'SIGTERM');
    const environment = { ...scene.environment, PORTRAMP_HTTP_PORT: String((front.http ?? 0) - 1) };
    await expect(scene.connect({ environment })).rejects.toMatchObject({ code: 'FRONT_PORT_CONFLICT' });
    writeFileSync(scene.home.ledger, '{"version": 99}');
    await expect(scene.connect()).rejects.toMatchObject({ code: 'LEDGER_NEWER' });
  });

  it('that dies at its start is reported with the end of its log', async () => {
    const broken = makeFolder();
    writeFileSync(join(broken, 'daemon.js'), 'console.error("before"); throw new Error("no luck today");');
    await expect(scene.connect({ bundle: broken })).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      message: expect.stringMatching(/ended at its start \(exit code 1\)[\s\S]*no luck today/) as string,
    });
    rmSync(broken, { recursive: true });
    await expect(scene.connect({ bundle: broken })).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    expect((await scene.connect()).pid).toBeGreaterThan(0);
  });
});

describe('a daemon that is ended while it starts', () => {
  /** A bundle whose daemon does something to itself in its first starts; each start is a letter in the file `starts`. */
  function troubled(code: string, times: number): { readonly folder: string; readonly starts: () => number } {
    const folder = makeFolder();
    cpSync(bundle, folder, { recursive: true });
    const starts = join(scene.home.root.replace(/home$/, ''), 'starts');
    const path = join(folder, 'daemon.js');
    const trouble = `{
      const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs');
      const starts = ${JSON.stringify(starts)};
      appendFileSync(starts, 'x');
      if (readFileSync(starts, 'utf8').length <= ${times}) await new Promise(() => { ${code} });
    }`;
    writeFileSync(path, `${trouble}\n${readFileSync(path, 'utf8')}`);
    return { folder, starts: () => readFileSync(starts, 'utf8').length };
  }

  const KILLED = `process.kill(process.pid, 'SIGKILL');`;
  const GONE = `process.send({ ready: true }, () => process.exit(0));`;

  it.each([
    ['killed', KILLED],
    ['gone after it was ready', GONE],
  ])('is followed by the next one: %s', async (_what, code) => {
    const { folder, starts } = troubled(code, 2);
    const client = await scene.connect({ bundle: folder });
    expect(client.pid).toBeGreaterThan(0);
    expect(starts()).toBe(3);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['killed', KILLED, /^the daemon ended at its start \(SIGKILL\)/],
    ['gone after it was ready', GONE, /^the daemon ended right after its start, 3 times$/],
  ])('is not started for ever: %s', async (_what, code, message) => {
    const { folder, starts } = troubled(code, Infinity);
    await expect(scene.connect({ bundle: folder })).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      message: expect.stringMatching(message) as string,
    });
    expect(starts()).toBe(3);
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(process.platform !== 'linux')('a flood of lines that never end', () => {
  const MIB = 1024 * 1024;
  const memoryOf = (pid: number): number =>
    Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

  /** Sends the text and then `x`s without end; resolves when all is written, or the daemon has hung up. */
  async function pour(first: string, bytes: number): Promise<Socket> {
    const socket = createConnection(scene.home.socket);
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const written = new Promise((resolve) => {
      socket.write(first);
      socket.write(Buffer.alloc(bytes, 'x'), resolve);
    });
    await Promise.race([closed, written]);
    return socket;
  }

  it('holds little memory, gives it back, and leaves the others alone', async () => {
    const client = await scene.connect();
    const root = makeFolder();
    const { key } = await runStack(client, claimFor(root, 'shop'));
    const before = memoryOf(client.pid);
    const hello = '{"id":1,"request":"hello","params":{"protocol":{"min":1,"max":1},"version":"1"}}\n';
    for (const first of ['', hello]) {
      const sockets: Socket[] = [];
      let most = 0;
      for (let count = 0; count < 40; count += 1) {
        sockets.push(await pour(first, 8 * MIB));
        most = Math.max(most, memoryOf(client.pid));
      }
      expect(most - before).toBeLessThan(100);
      for (const socket of sockets) socket.destroy();
    }
    // What the allocators of the system and of V8 keep for the next one, whoever frees it: less than was held at once
    // (measured: up to 56 MiB with Node 20, 73 with Node 24; without a bound for all connections 563).
    await eventually(() => expect(memoryOf(client.pid) - before).toBeLessThan(96));
    client.onCommand(async () => ({ message: 'fine' }));
    const other = await scene.connect();
    expect(await other.request('command', { stack: key, command: { action: 'ping' } })).toEqual({
      message: 'fine',
    });
    rmSync(root, { recursive: true });
  });
});

describe('a client of the next protocol', () => {
  it('has the older daemon make room for its own, which still serves older clients', async () => {
    const newer = makeFolder();
    cpSync(bundle, newer, { recursive: true });
    const next = PROTOCOL.max + 1;
    for (const name of readdirSync(newer)) {
      const path = join(newer, name);
      const pattern = /(const PROTOCOL = \{\s*min: \d+,\s*max: )\d+/;
      writeFileSync(path, readFileSync(path, 'utf8').replace(pattern, `$1${next}`));
    }
    const old = await scene.connect();
    const notice = new Promise((resolve) => old.onNotice((name, params) => resolve([name, params])));
    const fresh = await scene.connect({
      bundle: newer,
      version: '2.0.0',
      protocol: { min: next, max: next },
    });
    expect(await notice).toEqual(['closing', { reason: 'yield' }]);
    expect(fresh.protocol).toBe(next);
    expect(fresh.pid).not.toBe(old.pid);
    expect((await scene.connect()).pid).toBe(fresh.pid);
    // The copy that the older one ran from is of no use to anybody.
    await eventually(() =>
      expect(readdirSync(scene.home.versions)).toEqual([expect.stringMatching(/^2\.0\.0-/)]),
    );
    rmSync(newer, { recursive: true });
  });

  it('gives up when its own daemon does not speak it either', async () => {
    const protocol = { min: PROTOCOL.max + 5, max: PROTOCOL.max + 5 };
    await expect(scene.connect({ protocol })).rejects.toMatchObject({ code: 'PROTOCOL_MISMATCH' });
  });
});

describe('a lock under contention', () => {
  it('has one holder at a time, also when holders die with it', async () => {
    mkdirSync(scene.home.root, { recursive: true });
    const path = join(scene.home.root, 'test.lock');
    const counter = join(scene.home.root, 'counter');
    writeFileSync(counter, '0');
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    const exits = Array.from({ length: 8 }, () => {
      const child = spawn(process.execPath, [join(bundle, 'contender.js'), path, counter, '25'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      return once(child, 'exit');
    });
    const signals = (await Promise.all(exits)).map(([, signal]) => signal as string | null);
    expect(signals).toEqual(Array.from({ length: 8 }, () => 'SIGKILL'));
    expect(readFileSync(counter, 'utf8')).toBe('200');
  });
});
