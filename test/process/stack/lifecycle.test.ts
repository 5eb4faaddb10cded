/** `portramp dev` and the commands around it, as a user types them. */
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { createMachine, node, openWorkspace, type Machine } from '../workspace.ts';

let machine: Machine;

/** Whether the process has a handler for the signal (proc(5)); Node has one of its own for SIGINT. */
function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return ((BigInt(`0x${mask ?? '0'}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const SHOP = `
version: 1
workspace: shop
services:
  web:
    command: ${node('server.js')}
    consumes: [api]
    ready: { http: /healthz }
  api:
    command: ${node('server.js')}
    consumes: [migrate]
    ready: { http: /healthz }
    env:
      ORIGIN: \${web.publicUrl}
  migrate: { kind: task, command: "echo migrated > migrated.txt" }
  worker: { command: "echo working; exec sleep 1000", ports: false }
  admin: { command: ${node('server.js')}, start: manual }
`;

describe('a stack in the foreground', () => {
  it('starts in order, answers under its names, and stops in order at Ctrl-C', async () => {
    const shop = machine.workspace('shop', SHOP);
    const dev = shop.start('dev');
    await dev.prints(/web +│ ready http:\/\/web\.shop\.localhost/);
    expect(existsSync(join(shop.root, 'migrated.txt'))).toBe(true);
    const answer = await machine.get('web.shop.localhost');
    expect(answer.status).toBe(200);
    const { env, cwd } = JSON.parse(answer.body) as { env: Record<string, string>; cwd: string };
    const { services } = await shop.stack();
    const port = (name: string) => services.find((service) => service.name === name)?.ports[0]?.port;
    expect(cwd).toBe(shop.root);
    expect(env).toMatchObject({
      PORT: String(port('web')),
      HOST: '127.0.0.1',
      API_PORT: String(port('api')),
      API_URL: `http://127.0.0.1:${port('api')}`,
      PORTRAMP_SERVICE: 'web',
      PORTRAMP_STACK: 'shop',
      PORTRAMP_WORKSPACE: 'shop',
    });
    expect(Object.keys(env).filter((name) => name.startsWith('WORKER_'))).toEqual([]);
    expect(services.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      'admin idle',
      'api ready',
      'migrate done',
      'web ready',
      'worker ready',
    ]);

    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    const stops = [...dev.output.matchAll(/(web|api) got SIGTERM/g)].map(([, name]) => name);
    expect(stops).toEqual(['web', 'api']);
    expect((await machine.ls()).stacks).toEqual([]);
  });

  it('ends at once at the second Ctrl-C, whatever ignores the first', async () => {
    const stubborn = machine.workspace(
      'stubborn',
      `
version: 1
workspace: stubborn
services:
  mule: { command: "trap '' TERM; echo here; while :; do sleep 1; done", ports: false, stop: { timeout: 10m } }
`,
    );
    const dev = stubborn.start('dev');
    await dev.prints(/mule │ here/);
    dev.child.kill('SIGINT');
    await dev.prints(/SIGINT: stopping/);
    // The same signal at once would be taken for the one before.
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toBe(0);
  });

  it('starts nothing when Ctrl-C comes while it is still getting its ports', async () => {
    const shop = machine.workspace('shop', SHOP);
    await machine.run(['daemon', 'start']);
    const daemon = lockHolder(machine.home.lock)?.pid ?? 0;
    // A daemon that does not answer holds the start up for as long as it takes to send the signal.
    process.kill(daemon, 'SIGSTOP');
    const dev = shop.start('dev');
    try {
      await eventually(() => expect(catches(dev.child.pid ?? 0, constants.signals.SIGHUP)).toBe(true));
      dev.child.kill('SIGINT');
      await dev.prints(/SIGINT: stopping/);
    } finally {
      process.kill(daemon, 'SIGCONT');
    }
    expect(await dev.ended).toBe(0);
    expect(dev.output).not.toMatch(/error|started/);
    expect((await machine.ls()).stacks).toEqual([]);
  });

  it('kills the whole group at the deadline', async () => {
    const stubborn = machine.workspace(
      'stubborn',
      `
version: 1
workspace: stubborn
services:
  mule: { command: "trap '' TERM; echo here; while :; do sleep 1; done", ports: false, stop: { timeout: 300ms } }
`,
    );
    const dev = stubborn.start('dev');
    await dev.prints(/mule │ here/);
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toBe(0);
    expect(dev.output).toMatch(/mule │ ended by SIGKILL/);
  });

  it('shows its logs to a second dev in the same checkout, which leaves it running', async () => {
    const shop = machine.workspace('shop', SHOP);
    const dev = shop.start('dev');
    await dev.prints(/web +│ ready/);
    const second = shop.start('dev');
    await second.prints(/Already running/);
    await machine.get('api.shop.localhost', '/print?text=hello+there');
    await second.prints(/api +│ hello there/);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
    expect((await shop.service('web')).state).toBe('ready');
  });
});

describe('a stack in the background', () => {
  it('is there when "dev -d" returns, and every command works on it', async () => {
    const shop = machine.workspace('shop', SHOP);
    const up = await shop.run('dev', '-d');
    // Where it takes long, what for is said.
    expect(up).toMatchObject({ code: 0, stderr: expect.stringMatching(/^(waiting\b.*\n)*$/) as string });
    expect(up.stdout).toMatch(/web +ready +:\d+ +http:\/\/web\.shop\.localhost/);

    expect(await shop.run('url', 'api')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^http:\/\/api\.shop\.localhost(:\d+)?\n$/) as string,
    });
    const env = await shop.run('env', 'api', '--json');
    expect(JSON.parse(env.stdout)).toMatchObject({
      service: 'api',
      env: { ORIGIN: (await shop.run('url', 'web')).stdout.trim() },
    });
    const told = await shop.run('exec', 'web', '--', 'sh', '-c', 'echo $API_URL; exit 3');
    expect(told.code).toBe(3);
    expect(told.stdout).toBe((await shop.run('url', 'api', '--direct')).stdout);

    const before = await shop.service('api');
    expect(await shop.run('restart', 'api')).toMatchObject({ code: 0, stdout: 'api is ready\n' });
    expect(await shop.run('wait', 'api', 'web')).toMatchObject({ code: 0 });
    const after = await shop.service('api');
    expect(after.pid).not.toBe(before.pid);
    expect(after.ports).toEqual(before.ports);

    expect(await shop.run('stop', 'worker')).toMatchObject({ code: 0 });
    await shop.until('worker', 'idle');
    expect(await shop.run('start', 'worker', 'admin')).toMatchObject({ code: 0 });
    await shop.until('worker', 'ready');
    await shop.until('admin', 'ready');

    const logs = await shop.run('logs', 'api');
    expect(logs.stdout).toMatch(/api │ api listens on \d+/);
    expect(logs.stdout).toMatch(/api │ api got SIGTERM/);
    const lines = (await shop.run('logs', 'worker', '--json')).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { text: string }).text)).toContain('working');

    const listing = await machine.ls();
    expect(listing).toMatchObject({
      version: 1,
      stacks: [{ workspace: 'shop', stack: 'shop', environment: 'dev', root: shop.root }],
    });
    expect(await shop.run('down')).toMatchObject({ code: 0, stdout: 'shop is down\n' });
    expect(await shop.run('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
    expect((await shop.run('logs', 'api', '-n', '1')).stdout).toMatch(/api │ exited with code 0/);
  });

  it('starts only what is named, with what that consumes', async () => {
    const shop = machine.workspace('shop', SHOP);
    expect((await shop.run('dev', '-d', 'api')).code).toBe(0);
    const states = Object.fromEntries((await shop.stack()).services.map(({ name, state }) => [name, state]));
    expect(states).toMatchObject({ api: 'ready', migrate: 'done', web: 'idle', worker: 'idle' });
    expect((await shop.run('dev', '-d', 'web')).code).toBe(0);
    expect((await shop.service('web')).state).toBe('ready');
  });

  it('keeps its ports through a restart of everything, and when the ledger is lost', async () => {
    const shop = machine.workspace('shop', SHOP);
    const ports = async () =>
      (await shop.stack()).services.flatMap(({ name, ports: list }) =>
        list.map(({ port }) => `${name} ${port}`),
      );
    await shop.run('dev', '-d');
    const first = await ports();
    await shop.run('down');
    await shop.run('daemon', 'stop');
    await shop.run('dev', '-d');
    expect(await ports()).toEqual(first);
    await shop.run('down');
    await shop.run('daemon', 'stop');
    const { unlinkSync } = await import('node:fs');
    unlinkSync(machine.home.ledger);
    await shop.run('dev', '-d');
    expect(await ports()).toEqual(first);
  });
});

describe('a service in trouble', () => {
  const TROUBLE = `
version: 1
workspace: trouble
services:
  fine: { command: ${node('server.js')} }
  exits: { command: "echo about to fail; exit 7", restart: { policy: no } }
  missing: { command: [no-such-program, --flag] }
  misspelt: { command: "no-such-command serve", restart: { policy: no } }
  silent: { command: sleep 1000, ports: { http: {} }, ready: { tcp: true, timeout: 500ms }, restart: { policy: no } }
  dependent: { command: ${node('server.js')}, consumes: [exits] }
`;

  it('is named with what to do, in ls, logs, wait and on the page of its host; the rest runs', async () => {
    const trouble = machine.workspace('trouble', TROUBLE);
    const up = await trouble.run('dev', '-d');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(/failed (exits|missing|misspelt|dependent): /);
    await trouble.until('fine', 'ready');
    for (const name of ['exits', 'missing', 'misspelt', 'silent', 'dependent']) {
      await trouble.until(name, 'failed');
    }
    // A second look names all of them.
    expect((await trouble.run('dev', '-d')).stderr).toMatch(
      /failed exits: exited with code 7\n +about to fail/,
    );

    const failures = Object.fromEntries(
      (await trouble.stack()).services.map(({ name, failure }) => [name, failure]),
    );
    expect(failures).toMatchObject({
      exits: { message: 'exited with code 7', exitCode: 7, log: ['about to fail'] },
      missing: { message: 'command not found: no-such-program' },
      misspelt: { exitCode: 127, hint: expect.stringMatching(/installed/) as string },
      silent: { message: expect.stringMatching(/^not ready after 0\.5 s: connection refused/) as string },
      dependent: { message: 'needs exits, which failed: exited with code 7' },
    });
    const ls = await trouble.run('ls');
    expect(ls.stdout).toMatch(/exits +failed .*exited with code 7/);
    expect(await trouble.run('wait', 'dependent')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/needs exits/) as string,
    });
    expect((await trouble.run('logs', 'exits')).stdout).toMatch(/about to fail\n.*exited with code 7/);

    const page = await machine.get('exits.trouble.localhost', '/', {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
    });
    expect(page.status).toBe(503);
    expect(page.body).toMatch(/exited with code 7/);
    expect(page.body).toMatch(/about to fail/);
    expect((await machine.get('dependent.trouble.localhost')).body).toMatch(/needs exits/);
    expect((await machine.get('fine.trouble.localhost')).status).toBe(200);
  });

  it('comes back by itself after a crash, and its consumers do not notice', async () => {
    const shop = machine.workspace('shop', SHOP);
    await shop.run('dev', '-d');
    const before = await shop.service('api');
    await machine.get('api.shop.localhost', '/exit?code=1');
    await shop.until('api', 'ready');
    const after = await shop.service('api');
    expect(after).toMatchObject({ restarts: 1, ports: before.ports });
    expect((await shop.service('web')).restarts).toBe(0);
    expect((await machine.get('api.shop.localhost')).status).toBe(200);
  });
});

describe('what a service is given', () => {
  it('is a stdin that stays open, no marker of a run around it, and names that resolve', async () => {
    const shop = machine.workspace(
      'shop',
      `
version: 1
workspace: shop
services:
  api: { command: ${node('server.js')} }
  web: { command: ${node('server.js')}, consumes: [api] }
  reader: { command: "cat; echo stdin was closed", ports: false }
`,
    );
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const { stdout } = await shop.run('url', 'api');
    const called = await machine.get('web.shop.localhost', `/call?url=${encodeURIComponent(stdout.trim())}`);
    expect(JSON.parse(called.body)).toMatchObject({ status: 200 });
    expect((await shop.service('reader')).state).toBe('ready');
    expect(readFileSync(join(machine.home.logs, 'shop/reader.log'), 'utf8')).not.toMatch(/closed/);
  });
});

describe('a folder without a contract', () => {
  it('is told what to type', async () => {
    const empty = openWorkspace(machine, machine.folder('empty'));
    const result = await empty.run('dev');
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/no portramp\.yaml in .*empty/);
  });
});
