/** What single commands print, on a stack that is there for all of them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;

beforeAll(async () => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `
version: 1
workspace: shop
discovery: { aspire: true }
services:
  my-api: { command: ${node('server.js')} }
  web:
    command: ${node('server.js')}
    consumes: [my-api]
    env: { KEY: "-----BEGIN-----\\nit's $HOME \\"here\\"\\n-----END-----\\n", GONE: null }
  slow: { command: sleep 1000, ports: { http: {} }, ready: { tcp: true, timeout: 10m }, start: manual }
  behind: { command: sleep 1000, ports: false, consumes: [slow], start: manual }
  mule: { command: "trap '' TERM; echo here; while :; do sleep 0.1; done", ports: false, stop: { timeout: 1s } }
`,
  );
  expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
});
afterAll(() => machine.close());

describe('env --export', () => {
  it('survives a shell: values of several lines, names that are none, variables that are unset', async () => {
    const { code, stdout, stderr } = await shop.run('env', 'web', '--export');
    expect(code).toBe(0);
    expect(stderr).toMatch(/left out, because a shell has no such names: .*services__my-api__http__0/);
    const script = `${stdout}\nexec ${process.execPath} -e 'process.stdout.write(JSON.stringify(process.env))'`;
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/root', GONE: 'still here' };
    const told = JSON.parse(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })) as object;
    const { env: expected } = JSON.parse((await shop.run('env', 'web', '--json')).stdout) as {
      env: Record<string, string>;
    };
    expect(expected['KEY']).toBe('-----BEGIN-----\nit\'s $HOME "here"\n-----END-----\n');
    expect(told).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([name]) => !name.includes('-'))),
    );
    expect(told).not.toHaveProperty('GONE');
  });
});

describe('exec', () => {
  it.each([
    ['without --', ['exec', 'web', 'sh', '-c', 'echo "$1 $PORTRAMP_SERVICE"', 'sh', '--env']],
    ['with --', ['exec', 'web', '--', 'sh', '-c', 'echo "$1 $PORTRAMP_SERVICE"', 'sh', '--env']],
    [
      'after its own options',
      ['exec', '--env', 'dev', 'web', 'sh', '-c', 'echo "$1 $PORTRAMP_SERVICE"', 'sh', '--env'],
    ],
  ])('passes on what follows the service, %s', async (_, args) => {
    expect(await shop.run(...args)).toEqual({ code: 0, stdout: '--env web\n', stderr: '' });
  });

  it('says where its own options go', async () => {
    expect(await shop.run('exec', 'web', '--env', 'test', 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no command "--env"\n.*before the service/) as string,
    });
  });

  it('leaves --dir where it was: before and after the name of a command', async () => {
    const plain = await shop.run('url', 'web');
    expect(await machine.run(['url', 'web', '--dir', shop.root])).toEqual(plain);
    expect(await machine.run(['-C', shop.root, 'url', 'web'])).toEqual(plain);
  });
});

describe('wait', () => {
  it('names what it waited for, its state, and what to type', async () => {
    expect((await shop.run('start', 'behind', '--no-wait')).code).toBe(0);
    expect(await shop.run('wait', 'slow', 'behind', 'web', '--timeout', '100ms')).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^error after 0\.1 s, slow is starting(: last look: [^;]+)?; behind is starting: waits for slow\n {2}hint: "portramp why slow" says what is in the way\n$/,
      ) as string,
    });
    const elsewhere = machine.workspace(
      'elsewhere',
      'version: 1\nworkspace: e\nservices: { a: { command: x } }\n',
    );
    expect(await elsewhere.run('wait', 'a', '--timeout', '10ms')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /after 0.01 s, nothing is running in .*elsewhere.*\n.*portramp dev/,
      ) as string,
    });
    expect((await shop.run('wait', '--help')).stdout.replace(/\s+/g, ' ')).toContain('(default: 2m)');
  });
});

describe('stop', () => {
  it('returns when it is stopped', async () => {
    expect(await shop.run('stop', 'mule')).toMatchObject({ code: 0, stdout: 'stopped mule\n' });
    expect((await shop.service('mule')).state).toBe('idle');
  });
});

describe('check', () => {
  it('says that a good contract is one', async () => {
    const good = machine.workspace(
      'good',
      'version: 1\nworkspace: good\nservices: { a: { command: x }, b: { command: x } }\n',
    );
    expect(await good.run('check')).toEqual({
      code: 0,
      stdout: 'portramp.yaml is fine: 2 services\n',
      stderr: '',
    });
  });
});

describe('clean', () => {
  it('removes the logs of stacks that nobody knows, and no others', async () => {
    const lost = machine.workspace(
      'lost',
      'version: 1\nworkspace: lost\nservices: { a: { command: "exec sleep 99", ports: false } }\n',
    );
    await lost.run('dev', '-d');
    await lost.run('down');
    await shop.run('down');
    await machine.run(['daemon', 'stop']);
    unlinkSync(machine.home.ledger);
    await shop.run('dev', '-d');
    const runners = join(machine.home.root, 'runners');
    const logs = readdirSync(runners);
    expect(logs).toHaveLength(2);
    for (const name of logs) utimesSync(join(runners, name), 0, 0);
    writeFileSync(join(runners, '0123456789abcdef.log.12345678'), 'of one that is just starting');
    mkdirSync(join(machine.home.logs, 'unknown'));
    const clean = await machine.run(['clean']);
    expect(clean).toMatchObject({ code: 0, stderr: '' });
    expect(clean.stdout).toMatch(/removed .*logs\/lost/);
    expect(readdirSync(machine.home.logs)).toEqual(['shop']);
    expect(readdirSync(runners)).toHaveLength(2);
    expect(existsSync(join(runners, '0123456789abcdef.log.12345678'))).toBe(true);
    expect((await machine.run(['clean'])).stdout).toMatch(/^Nothing to clean/);
  });
});
