/** Children that behave badly: each is handled, and nothing of it stays. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { startTimeOf } from '../../../src/lib/process-identity.ts';
import { createMachine, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
// Proves that no process is left.
afterEach(() => machine.close());

const open = (service: string): Workspace =>
  machine.workspace('shop', `version: 1\nworkspace: shop\nservices:\n  app: ${service}\n`);

const pidIn = (shop: Workspace): number => Number(readFileSync(join(shop.root, 'pid'), 'utf8'));

/** A zombie, which only waits to be read, is gone. */
const isGone = (pid: number): boolean => startTimeOf(pid) === undefined;

describe('a child', () => {
  it('that ignores SIGTERM is killed at the deadline of a restart, and its successor waits for that', async () => {
    const shop = open(
      `{ command: "trap '' TERM; echo $$ > pid; while :; do sleep 1; done", ports: false, stop: { timeout: 500ms } }`,
    );
    await shop.run('dev', '-d');
    await eventually(() => expect(pidIn(shop)).toBeGreaterThan(0));
    const first = pidIn(shop);
    await shop.run('restart', 'app');
    await eventually(() => expect(pidIn(shop)).not.toBe(first));
    expect(isGone(first)).toBe(true);
  });

  it('that closes its output early runs on', async () => {
    const shop = open(`{ command: "exec >&- 2>&-; exec sleep 1000", ports: false }`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect((await shop.service('app')).state).toBe('ready');
  });

  it('that prints without a line end for ever fills neither memory nor disk', async () => {
    const shop = open(`{ command: "cat /dev/zero | tr '\\\\\\\\0' x", ports: false }`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const path = join(machine.home.logs, 'shop/app.log');
    // While a file gives way to the next there is only the old one.
    const sizes = await eventually(() => [statSync(`${path}.1`).size, statSync(path).size]);
    expect(Math.max(...sizes)).toBeLessThan(12 * 1024 * 1024);
    const { pid } = await shop.stack();
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(Number(resident)).toBeLessThan(250 * 1024);
    expect((await shop.run('ls')).code).toBe(0);
  });

  it('that makes a daemon of itself is told apart from one that runs, and its daemon is ended', async () => {
    const shop = open(
      `{ command: "setsid sh -c 'echo $$ > pid; exec sleep 1000' & while ! test -s pid; do sleep 0.05; done", restart: { policy: no } }`,
    );
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(1);
    expect((await shop.service('app')).failure?.message).toMatch(
      /exited with code 0, but it has a port to serve/,
    );
    expect((await shop.service('app')).failure?.hint).toMatch(/in the foreground.*"&"/);
    expect(isGone(pidIn(shop))).toBe(true);
  });

  it('that executes another program is still the same instance', async () => {
    const shop = open(`{ command: "echo $$ > pid; exec sleep 1000", ports: false }`);
    await shop.run('dev', '-d');
    await eventually(() => expect(pidIn(shop)).toBeGreaterThan(0));
    const pid = pidIn(shop);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toMatch(/^sleep/);
    await shop.run('stop', 'app');
    await shop.until('app', 'idle');
    expect(isGone(pid)).toBe(true);
  });

  it('that ends at once in a loop is tried a few times, more slowly each time, and then given up', async () => {
    const shop = open(`{ command: "echo tried >> tries; exit 1", restart: { max: 3 } }`);
    expect((await shop.run('dev', '-d')).code).toBe(1);
    expect(await shop.service('app')).toMatchObject({
      state: 'failed',
      restarts: 3,
      failure: { message: 'exited with code 1; 3 restarts did not help' },
    });
    expect(readFileSync(join(shop.root, 'tries'), 'utf8')).toBe('tried\n'.repeat(4));
  });

  it('that ends when its standard input does goes on', async () => {
    const shop = open(`{ command: "cat > /dev/null", ports: false, restart: { policy: no } }`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect((await shop.service('app')).state).toBe('ready');
  });
});

describe('clean', () => {
  it('ends what was left when runner and watchdog were both killed', async () => {
    const shop = open(
      `{ command: "setsid env -i sh -c 'echo $$ > pid; exec sleep 1000' & sleep 1000", ports: false }`,
    );
    await shop.run('dev', '-d');
    await eventually(() => expect(pidIn(shop)).toBeGreaterThan(0));
    const escaped = pidIn(shop);
    const { pid: runner = 0 } = await shop.stack();
    const leader = (await shop.service('app')).pid ?? 0;
    const [watchdog] = childrenOf(runner).filter((pid) => /watchdog/.test(commandOf(pid)));
    process.kill(watchdog ?? 0, 'SIGKILL');
    process.kill(runner, 'SIGKILL');
    await eventually(() => expect(isGone(runner)).toBe(true));
    expect(isGone(leader)).toBe(false);

    const cleaned = JSON.parse((await shop.run('clean', '--json')).stdout) as {
      ended: { root: string; left: number }[];
    };
    expect(cleaned.ended).toMatchObject([{ root: shop.root, left: 0 }]);
    expect(isGone(leader)).toBe(true);
    expect(isGone(escaped)).toBe(true);
    expect((await shop.run('clean')).stdout).toMatch(/Nothing to clean/);
  });
});

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
