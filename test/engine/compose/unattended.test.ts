/** Containers whose runner is gone: `ls --all`, `whose`, `stop --port` and `down` know them by their labels. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Result, type Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const SERVER = `image: ${IMAGE}, stop_signal: SIGKILL, command: [httpd, -f, -p, "80", -h, /www]`;
const CONTRACT = `version: 1
workspace: alone
services:
  store: { compose: db }
  cache: { compose: cache, scope: workspace }
  idle: { command: sleep 1000, ports: false }
`;

describe.skipIf(engine === undefined)('containers without a runner', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;
  let elsewhere: string;
  let port: number;

  const names = async (): Promise<string[]> =>
    (await docker('ps', '-a', '--format', '{{.Names}}'))
      .split('\n')
      .filter((name) => name !== '')
      .toSorted();
  const away = (...words: string[]): Promise<Result> => machine.run(words, { cwd: elsewhere });
  const shared = async (): Promise<string> => {
    const found = (await names()).find((name) => /^alone_shared_\w+-cache-1$/.test(name));
    if (found === undefined) throw new Error('what all branches share does not run');
    return found;
  };

  beforeAll(() => {
    machine = engine.createMachine();
    elsewhere = machine.folder('elsewhere');
    stack = openWorkspace(machine, machine.folder('alone'));
    stack.write(
      'compose.yaml',
      `services:\n  db: { ${SERVER}, ports: ["18095:80"] }\n  cache: { ${SERVER} }\n`,
    );
  });

  beforeEach(async () => {
    stack.contract(CONTRACT);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    port = (await stack.service('store')).ports[0]?.port ?? 0;
    const { pid } = await stack.stack();
    if (pid === undefined) throw new Error('it does not run');
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect((await machine.ls()).stacks).toEqual([]));
  });

  afterAll(async () => {
    await machine.run(['down', '--all']);
    await machine.close();
    expect(await engine.left()).toEqual([]);
  });

  it('are told by ls --all, without a daemon too, and removed by what it says', async () => {
    expect((await machine.run(['daemon', 'stop'])).code).toBe(0);
    const { stdout } = await away('ls', '--all');
    expect(stdout).toMatch(
      new RegExp(
        `^alone  ${stack.root}.*  not running, but 2 containers of it run: alone-db-1 \\(:${port}\\), ${await shared()}.* — portramp down alone$`,
        'm',
      ),
    );
    const { stacks } = JSON.parse((await away('ls', '--all', '--json')).stdout) as { stacks: unknown[] };
    expect(stacks).toMatchObject([
      {
        stack: 'alone',
        containers: [
          { name: 'alone-db-1', project: 'alone', service: 'db', ports: [port] },
          { name: await shared(), service: 'cache' },
        ],
      },
    ]);
    expect((await machine.run(['daemon', 'stop'])).code).toBe(0);
    expect(await away('down', 'alone')).toMatchObject({ code: 0, stdout: 'alone is down\n' });
    expect(await names()).toEqual([]);
    expect((await away('ls', '--all')).stdout).toMatch(/ {2}not running$/m);
  });

  it('are named by their port, and stopped by it, one at a time', async () => {
    const { code, stdout } = await away('whose', String(port));
    expect(stdout).toBe(
      `port ${port} is db (80/tcp) of alone, ${stack.root}: the container alone-db-1, which runs without a runner\n` +
        `to end it: portramp stop --port ${port}\nto end all of its stack: portramp down alone\n`,
    );
    expect(code).toBe(0);
    expect(JSON.parse((await away('whose', String(port), '--json')).stdout)).toEqual({
      version: 1,
      port,
      kind: 'container',
      container: 'alone-db-1',
      stack: 'alone',
      root: stack.root,
      environment: 'dev',
      service: 'db',
      name: '80/tcp',
    });
    const running = (): Promise<string> => docker('ps', '--format', '{{.Names}}');
    const other = await shared();
    expect(await away('stop', '--port', String(port))).toMatchObject({
      code: 0,
      stdout: 'stopped db (the container alone-db-1)\n',
    });
    expect(await running()).toBe(other);
    expect((await away('whose', String(port))).stdout).toMatch(/^nothing listens on port/);
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'alone is down\n' });
  });

  it('are removed by down where their contract cannot be read, or is gone', async () => {
    stack.contract('version: [');
    const broken = await stack.run('down');
    expect(broken).toMatchObject({ code: 0, stdout: 'alone is down\n' });
    expect(broken.stderr).toMatch(/^the contract of alone cannot be read: .*found by their labels/);
    expect(await names()).toEqual([]);
  });

  it.each(['portramp.yaml', 'compose.yaml'])(
    'are removed by down without %s, here and by name',
    async (file) => {
      renameSync(join(stack.root, file), join(stack.root, 'away'));
      expect((await machine.run(['daemon', 'stop'])).code).toBe(0);
      const down = file === 'portramp.yaml' ? stack.run('down') : away('down', 'alone');
      expect(await down).toMatchObject({ code: 0, stdout: 'alone is down\n' });
      expect(await names()).toEqual([]);
      renameSync(join(stack.root, 'away'), join(stack.root, file));
    },
  );

  it('are removed by down --all', async () => {
    expect(await away('down', '--all')).toMatchObject({ code: 0, stdout: 'alone is down\n' });
    expect(await names()).toEqual([]);
  });

  it('of somebody else are named with what stops them, and left alone', async () => {
    expect((await stack.run('down')).code).toBe(0);
    await docker('run', '-d', '--name', 'theirs', '-p', '127.0.0.1::80', IMAGE, 'sleep', '1000');
    const number = (await docker('port', 'theirs', '80/tcp')).split(':').at(-1) ?? '';
    const told = await away('stop', '--port', number);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain(`port ${number} belongs to no stack: the container theirs has it`);
    expect(told.stderr).toContain('to end it: docker stop theirs');
    expect(await names()).toEqual(['theirs']);
    await docker('rm', '-f', 'theirs');
  });
});
