/**
 * Processes of portramp that stand still for a while under load, as on a machine that is busy or was suspended. The
 * short form is for CI; STANDSTILL=long goes on for minutes, with stops of up to 20 s around the minute after which
 * deadlines of connections come round.
 */
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { createMachine, node, type Machine } from '../workspace.ts';

const STOPS = process.env['STANDSTILL'] === 'long' ? [300, 600, 1_000, 3_000, 8_000, 20_000] : [300, 2_500];
/** Milliseconds before the daemon is stopped: beyond a minute, deadlines that were set at the start come round. */
const BEFORE = process.env['STANDSTILL'] === 'long' ? 62_000 : 0;

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again and again on connections that are kept; counts the answers, by what they are. */
function load(port: number, connections: number) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const answers = new Map<string, number>();
  let isOver = false;
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const headers = { host: 'app.shop.localhost' };
      http
        .get({ agent, host: '127.0.0.1', port, path: '/', headers }, (response) => {
          response.resume().once('end', () => resolve(String(response.statusCode)));
        })
        .once('error', (error) => resolve(error.message));
    });
  const asking = Array.from({ length: connections }, async () => {
    while (!isOver) {
      const answer = await ask();
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      await pause(20);
    }
  });
  return {
    answers,
    good: () => answers.get('200') ?? 0,
    end: async () => {
      isOver = true;
      await Promise.all(asking);
      agent.destroy();
    },
  };
}

function childrenOf(pid: number, word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const [, ppid] =
          / (\d+) /.exec(readFileSync(`/proc/${child}/stat`, 'latin1').replace(/^.*\) ./, '')) ?? [];
        return Number(ppid) === pid && readFileSync(`/proc/${child}/cmdline`, 'latin1').includes(word);
      } catch {
        return false;
      }
    });
}

it.skipIf(process.platform !== 'linux')(
  'a daemon, a runner and a watchdog that stand still answer what came meanwhile, and nothing is taken for lost',
  { timeout: 600_000 },
  async () => {
    const shop = machine.workspace(
      'shop',
      `version: 1\nworkspace: shop\nservices:\n  app: { command: ${node('app.js')}, ready: { http: / } }\n`,
    );
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const { front } = await machine.ls();
    const { pid: runner = 0, services } = await shop.stack();
    const daemon = lockHolder(machine.home.lock)?.pid ?? 0;
    const [watchdog = 0] = childrenOf(runner, 'watchdog');
    expect(Math.min(runner, daemon, watchdog)).toBeGreaterThan(1);
    const traffic = load(front.http ?? 0, 20);
    await eventually(() => expect(traffic.good()).toBeGreaterThan(20));
    await pause(BEFORE);
    for (const ms of STOPS) {
      for (const pid of [daemon, runner, watchdog]) {
        process.kill(pid, 'SIGSTOP');
        await pause(ms);
        process.kill(pid, 'SIGCONT');
        const before = traffic.good();
        await eventually(() => expect(traffic.good()).toBeGreaterThan(before + 20));
      }
    }
    await traffic.end();
    expect([...traffic.answers.keys()]).toEqual(['200']);
    const after = await shop.stack();
    expect(after.silent).toBeUndefined();
    expect([after.pid, lockHolder(machine.home.lock)?.pid, childrenOf(runner, 'watchdog')]).toEqual([
      runner,
      daemon,
      [watchdog],
    ]);
    expect((await machine.ls()).front).toEqual(front);
    expect(after.services.map(({ name, state, pid, restarts }) => ({ name, state, pid, restarts }))).toEqual(
      services.map(({ name, pid }) => ({ name, state: 'ready', pid, restarts: 0 })),
    );
  },
);
