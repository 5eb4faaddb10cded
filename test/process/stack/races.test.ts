/** What storms of signals find only by chance: a process is held at one point of its work while something else happens. */
import { mkdirSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { identityOf, isAlive, readLinuxStat } from '../../../src/lib/process-identity.ts';
import { holdAt, letAllGo, letGo, type Point } from '../hold/hold.ts';
import { createMachine, processesOf, program, type Machine, type Workspace } from '../workspace.ts';
import { listProcesses } from './chaos.ts';

let machine: Machine;
let shop: Workspace;

const APP = `${process.execPath} ${program('app.js')}`;

beforeEach(() => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `version: 1\nworkspace: shop\nservices: { api: { command: "exec ${APP}", ready: { http: / } } }\n`,
  );
});
afterEach(async () => {
  letAllGo(machine);
  await machine.close();
});

const RUNNER = 'dev --env dev';

/** The runner has started a process, and neither its record nor its watchdog knows of it. */
const SPAWNED: Point = {
  in: RUNNER,
  module: 'child_process',
  call: 'spawn',
  like: 'app[.]js',
  when: 'after',
};

/** The runner has its place, and no daemon knows of it. */
const PLACED: Point = {
  in: 'dev',
  module: 'fs',
  call: 'linkSync',
  like: 'runs/[0-9a-f]+[.]lock',
  when: 'after',
};

/** The runner reads what earlier runs have left, before anything of its own. */
const LOOKING: Point = { in: 'dev', module: 'fs/promises', call: 'readdir', like: '/runs"', when: 'before' };

const servers = (): number[] =>
  processesOf(machine.home).flatMap((line) => (line.includes('app.js') ? [Number.parseInt(line, 10)] : []));

const runners = (): string[] => processesOf(machine.home).filter((line) => line.includes(RUNNER));

const records = (): string[] => readdirSync(machine.home.runs).filter((name) => name.endsWith('.json'));

/** Kills a runner that is held, and its watchdog before it. */
function killBoth(runner: number): void {
  const watchdog = listProcesses().find(({ pid, command }) => {
    return command.includes('watchdog.js') && readLinuxStat(pid)?.ppid === runner;
  });
  if (watchdog === undefined) throw new Error('the runner has no watchdog');
  for (const pid of [watchdog.pid, runner]) process.kill(pid, 'SIGKILL');
}

async function killDaemon(): Promise<void> {
  const daemon = lockHolder(machine.home.lock);
  if (daemon === undefined) throw new Error('no daemon runs');
  process.kill(daemon.pid, 'SIGKILL');
  await eventually(() => expect(isAlive(daemon)).toBe(false));
}

describe.skipIf(process.platform !== 'linux')(
  'a runner that is killed right after it started a process',
  () => {
    it('leaves nothing: its watchdog knows the mark of the run', async () => {
      const hold = holdAt(machine, SPAWNED);
      const command = machine.run(['dev', '-d'], { cwd: shop.root, env: hold.env });
      process.kill(await hold.held(), 'SIGKILL');
      expect((await command).code).not.toBe(0);
      await eventually(() => expect(servers()).toEqual([]));
      expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
      expect(servers()).toHaveLength(1);
    });

    it('together with its watchdog leaves what the next dev ends', async () => {
      const hold = holdAt(machine, SPAWNED);
      const command = machine.run(['dev', '-d'], { cwd: shop.root, env: hold.env });
      killBoth(await hold.held());
      expect((await command).code).not.toBe(0);
      const [left = 0] = servers();
      const server = identityOf(left);
      expect(server).toBeDefined();
      const { code, stdout, stderr } = await shop.run('dev', '-d');
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout + stderr).toMatch(/ended \d+ processes that a crash of this stack had left/);
      expect(server !== undefined && isAlive(server)).toBe(false);
      expect(records()).toHaveLength(1);
    });
  },
);

describe.skipIf(process.platform !== 'linux')('two cleaners at once', () => {
  it(
    'end what is left once, and both say so or say that there is nothing',
    { timeout: 300_000 },
    async () => {
      const crash = holdAt(machine, SPAWNED);
      const command = machine.run(['dev', '-d'], { cwd: shop.root, env: crash.env });
      killBoth(await crash.held());
      await command;
      expect(servers()).toHaveLength(1);
      // The first has ended the processes, and is about to remove the record.
      const hold = holdAt(machine, {
        in: 'clean',
        module: 'fs/promises',
        call: 'rm',
        like: '/runs/[0-9a-f]+[.]json',
        when: 'before',
      });
      const first = machine.run(['clean'], { env: hold.env });
      const held = await hold.held();
      expect(servers()).toEqual([]);
      const second = await machine.run(['clean']);
      // A stack that starts now has a record of its own, which the first does not touch.
      expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
      letGo(held);
      expect(second).toMatchObject({ code: 0, stderr: '' });
      expect(await first).toMatchObject({ code: 0, stderr: '' });
      expect(records()).toHaveLength(1);
      expect(servers()).toHaveLength(1);
    },
  );
});

describe.skipIf(process.platform !== 'linux')('a daemon that is killed between two dev -d', () => {
  it('does not let the second start what the first has begun', async () => {
    const hold = holdAt(machine, { ...PLACED, in: RUNNER });
    const first = machine.run(['dev', '-d'], { cwd: shop.root, env: hold.env });
    const runner = await hold.held();
    await killDaemon();
    const second = await shop.run('dev', '-d');
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(`kill -CONT ${runner}`);
    expect(runners()).toHaveLength(1);
    const third = shop.run('dev', '-d');
    letGo(runner);
    expect((await first).code).toBe(0);
    expect((await third).code).toBeLessThanOrEqual(1);
    expect(await shop.stack()).toMatchObject({ pid: runner });
    expect(servers()).toHaveLength(1);
  });
});

describe.skipIf(process.platform !== 'linux')('two dev of one stack at one step', () => {
  const EARLIER = [
    ['looks at what was left', { ...LOOKING, in: RUNNER }],
    ['is about to take its place', { ...PLACED, in: RUNNER, when: 'before' }],
  ] as const satisfies readonly (readonly [string, Point])[];

  it.each(EARLIER)('the second runs it where the first %s, and the first joins', async (_, point) => {
    // As after an earlier run.
    mkdirSync(machine.home.runs, { recursive: true, mode: 0o700 });
    const hold = holdAt(machine, point);
    const first = machine.run(['dev', '-d'], { cwd: shop.root, env: hold.env });
    const held = await hold.held();
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const { pid } = await shop.stack();
    expect(pid).not.toBe(held);
    letGo(held);
    const { code, stderr } = await first;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`already running (pid ${pid})`) as string,
    });
    expect(await shop.stack()).toMatchObject({ pid });
    await eventually(() => expect(runners()).toHaveLength(1));
    expect(servers()).toHaveLength(1);
    expect(records()).toHaveLength(1);
    expect((await shop.service('api')).restarts).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('Ctrl-C', () => {
  it.each([
    ['before the runner has looked at what was left', LOOKING],
    ['as soon as it has its place', PLACED],
  ])('%s ends dev, with nothing left open', async (_, point) => {
    // As after an earlier run.
    mkdirSync(machine.home.runs, { recursive: true, mode: 0o700 });
    const hold = holdAt(machine, point);
    const dev = machine.start(['dev'], { cwd: shop.root, env: hold.env });
    const pid = await hold.held();
    process.kill(pid, 'SIGINT');
    letGo(pid);
    await dev.ended;
    expect(dev.output).toContain('SIGINT: stopping');
    expect((await machine.ls()).stacks).toEqual([]);
    expect(readdirSync(machine.home.runs)).toEqual([]);
    expect(servers()).toEqual([]);
    // The place is free.
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
  });
});
