/** Whatever is killed: services that should live go on, and nothing that should not is left. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { createMachine, node, processesOf, program, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const contract = (workspace: string): string => `
version: 1
workspace: ${workspace}
services:
  web: { command: ${node('server.js')}, consumes: [api] }
  api: { command: ${node('server.js')} }
`;

const daemonPid = (): number => lockHolder(machine.home.lock)?.pid ?? 0;

describe('kill -9 of the daemon', () => {
  it('leaves services alone, and the front is back on its port with all routes, without any command', async () => {
    const shop = machine.workspace('shop', contract('shop'));
    await shop.run('dev', '-d');
    const before = await machine.ls();
    const daemon = daemonPid();
    process.kill(daemon, 'SIGKILL');
    // Looks at the lock file only: no command that would start a daemon itself.
    await eventually(() => expect([0, daemon]).not.toContain(daemonPid()), 10_000);
    await eventually(async () => expect(await machine.ls()).toEqual(before), 10_000);
    expect((await machine.get('web.shop.localhost')).status).toBe(200);
    expect((await machine.get('api.localhost')).status).toBe(200);
  });

  it('is nothing to commands that wait: they go on at the next daemon', async () => {
    const shop = machine.workspace(
      'shop',
      `version: 1
workspace: shop
services:
  late:
    command: "until [ -e go ]; do sleep 0.1; done; exec ${process.execPath} ${program('server.js')}"
    ports: { http: {} }
    ready: { tcp: true, timeout: 10m }
`,
    );
    const dev = shop.start('dev', '-d');
    await shop.until('late', 'warming');
    const others = ['wait', 'start'].map((command) => shop.start(command, 'late'));
    const daemon = daemonPid();
    await eventually(
      () => expect(others.map(({ output }) => output).join()).toMatch(/waiting: late/),
      30_000,
    );
    process.kill(daemon, 'SIGKILL');
    await eventually(() => expect([0, daemon]).not.toContain(daemonPid()), 30_000);
    await shop.until('late', 'warming');
    shop.write('go', '');
    expect(await Promise.all([dev, ...others].map(({ ended }) => ended))).toEqual([0, 0, 0]);
    expect(dev.output).toMatch(/late +ready/);
  });

  it.each([
    ['garbage', 'not json at all {'],
    ['cut off', '{"version":1,"front":{'],
    ['empty', ''],
  ])(
    'and a ledger that is %s: it is set aside, reported, and live stacks keep what they have',
    async (_what, text) => {
      const shop = machine.workspace('shop', contract('shop'));
      await shop.run('dev', '-d');
      const before = (await machine.ls()).stacks;
      const daemon = daemonPid();
      writeFileSync(machine.home.ledger, text);
      process.kill(daemon, 'SIGKILL');
      await eventually(async () => expect((await machine.ls()).stacks).toEqual(before), 10_000);
      const status = JSON.parse((await machine.run(['daemon', 'status', '--json'])).stdout) as {
        problems: string[];
      };
      expect(status.problems.join()).toMatch(/set aside as .*ledger\.json\.corrupt-/);
      await shop.run('down');
      await shop.run('dev', '-d');
      expect((await shop.stack()).services.map(({ ports }) => ports)).toEqual(
        before[0]?.services.map(({ ports }) => ports),
      );
    },
  );
});

describe('a state folder that takes no records of runs', () => {
  it('ends no service: what happens goes on, and it is told', async () => {
    const shop = machine.workspace('shop', contract('shop'));
    await shop.run('dev', '-d');
    const { pid } = await shop.service('api');
    rmSync(machine.home.runs, { recursive: true });
    writeFileSync(machine.home.runs, 'not a folder');
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      const api = await shop.service('api');
      expect(api.state).toBe('ready');
      expect(api.pid).not.toBe(pid);
    });
    expect((await shop.run('restart', 'web')).code).toBe(0);
    await shop.until('web', 'ready');
    rmSync(machine.home.runs);
    // From the next change on it is kept again.
    await shop.run('restart', 'api');
    await eventually(() => expect(readdirSync(machine.home.runs)).toHaveLength(1));
  });
});

describe('kill -9 of a runner', () => {
  it('leaves no process of its stack and no route; other stacks never notice', async () => {
    const shop = machine.workspace(
      'shop',
      `${contract('shop')}  deep: { command: "setsid sh -c 'sleep 1000' & setsid env -i sleep 1000 & wait", ports: false }\n`,
    );
    const bank = machine.workspace('bank', contract('bank'));
    await Promise.all([shop.run('dev', '-d'), bank.run('dev', '-d')]);
    const before = (await bank.stack()).services;
    const others = processesOf(machine.home).length;
    process.kill((await shop.stack()).pid ?? 0, 'SIGKILL');
    await eventually(
      async () => expect((await machine.ls()).stacks.map(({ stack }) => stack)).toEqual(['bank']),
      10_000,
    );
    await eventually(
      () => expect(processesOf(machine.home).filter((line) => line.includes('sleep'))).toEqual([]),
      10_000,
    );
    await eventually(() => expect(processesOf(machine.home).length).toBeLessThan(others - 3), 10_000);
    expect((await machine.get('web.shop.localhost')).status).not.toBe(200);
    expect((await bank.stack()).services).toEqual(before);
    expect((await machine.get('web.bank.localhost')).status).toBe(200);
    expect((await shop.run('dev', '-d')).code).toBe(0);
  });
});

describe('twenty "dev -d" at the same moment, with no daemon running', () => {
  it('make one daemon, all are routed, and no port is there twice', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `shop${index}`);
    const workspaces = names.map((name) =>
      machine.workspace(
        name,
        `version: 1\nworkspace: ${name}\nservices:\n  api: { command: ${node('server.js')} }\n`,
      ),
    );
    const ups = await Promise.all(workspaces.map((workspace) => workspace.run('dev', '-d')));
    expect(ups.filter(({ code }) => code !== 0)).toEqual([]);
    const { stacks } = await machine.ls();
    expect(stacks.map(({ stack }) => stack)).toEqual(names.toSorted());
    const ports = stacks.flatMap(({ services }) =>
      services.flatMap((service) => service.ports.map(({ port }) => port)),
    );
    expect(new Set(ports).size).toBe(20);
    expect(processesOf(machine.home).filter((line) => /daemon\.js/.test(line))).toHaveLength(1);
    for (const name of names) expect((await machine.get(`api.${name}.localhost`)).status).toBe(200);
  });
});
