import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { eventually } from '../../eventually.ts';
import { buildBundle, createPrivateHome, makeFolder } from './bundle.ts';
import { claimFor, runStack } from './scene.ts';

let bundle = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle, {
    daemon: 'src/daemon/main.ts',
    inspector: 'src/daemon/inspector.ts',
    pulse: 'src/daemon/pulse-thread.ts',
    heart: 'test/process/daemon/heart.ts',
  });
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(bundle, { recursive: true });
});

/** A process with a pulse that bears three seconds. */
function startHeart(what: string) {
  const logPath = join(bundle, `${what.replaceAll(' ', '-')}.log`);
  const child = spawn(process.execPath, [join(bundle, 'heart.js'), logPath, what], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const lives = async (seconds: number): Promise<void> => {
    const before = lines.length;
    await eventually(() => {
      expect(lines.length).toBeGreaterThanOrEqual(before + seconds);
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    });
  };
  return { child, exited, lives, log: () => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : '') };
}

describe('an event loop that stands still', { timeout: 60_000 }, () => {
  it.concurrent('for ever in JavaScript ends its process, and the log says where', async () => {
    const { exited, log } = startHeart('spins for ever');
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(log()).toMatch(
      /has stood still for 3 s: spinForEver \(file:\S*heart\.js:\d+:\d+\) < \S.* \(file:\S*heart\.js/,
    );
    expect(log()).toContain('this daemon ends itself');
  });

  it.concurrent('for ever in a call of the system ends its process too', async () => {
    const { exited, log } = startHeart('reads for ever');
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(log()).toContain('has stood still for 3 s: outside of JavaScript');
  });

  it.concurrent('for less than that does not', async () => {
    const { lives, log } = startHeart('spins for a while');
    await lives(6);
    expect(log()).toBe('');
  });

  it.concurrent('while a debugger may hold it does not', async () => {
    const { lives, log } = startHeart('spins with an open inspector');
    await lives(5);
    expect(log()).toBe('');
  });

  it.concurrent('because the whole process was stopped does not', async () => {
    const { child, lives, log } = startHeart('nothing');
    const witness = startHeart('nothing at all');
    await lives(2);
    child.kill('SIGSTOP');
    // Longer than its pulse bears, by another one like it.
    await witness.lives(6);
    child.kill('SIGCONT');
    await lives(2);
    expect(log()).toBe('');
  });
});

describe('a daemon whose event loop stands still', () => {
  it(
    'ends by itself, its log says where it was, and the next one has its front',
    { timeout: 90_000 },
    async () => {
      const scene = createPrivateHome(bundle);
      const daemon = spawn(process.execPath, ['--inspect=127.0.0.1:0', join(bundle, 'daemon.js')], {
        env: scene.environment,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.push(daemon);
      const exited = once(daemon, 'exit');
      const inspector = await new Promise<string>((resolve) => {
        createInterface({ input: daemon.stderr }).on('line', (line) => {
          const [url] = /ws:\S+/.exec(line) ?? [];
          if (url !== undefined) resolve(url);
        });
      });
      await eventually(() => expect(existsSync(scene.home.socket)).toBe(true));
      const client = await scene.connect();
      expect(client.pid).toBe(daemon.pid);
      const root = makeFolder();
      const { slug } = await runStack(client, claimFor(root, 'shop'));
      const { front } = await client.request('list', {});
      const lost = new Promise<void>((resolve) => client.onClose(resolve));
      await evaluate(
        inspector,
        `setTimeout(function freeze() { for (;;); }, 2500); require('node:inspector').close()`,
      );
      expect(await exited).toEqual([null, 'SIGKILL']);
      await lost;
      expect(readFileSync(scene.home.daemonLog, 'utf8')).toMatch(/has stood still for 30 s: freeze \(/);
      const next = await scene.connect();
      expect((await next.request('list', {})).front).toEqual(front);
      expect((await runStack(next, claimFor(root, 'shop'))).slug).toBe(slug);
      await scene.close();
      rmSync(root, { recursive: true });
    },
  );
});

/** Runs code in a process with an open inspector. */
async function evaluate(inspector: string, expression: string): Promise<void> {
  const socket = new WebSocket(inspector);
  await once(socket, 'open');
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  const params = { expression, includeCommandLineAPI: true };
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  await closed;
}
