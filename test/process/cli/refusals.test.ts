/** What a command cannot do it says, and then it ends. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const SHOP = `
version: 1
workspace: shop
services:
  api: { command: ${node('server.js')} }
`;

describe('a refused request', () => {
  it('ends "daemon stop" while stacks run', async () => {
    const shop = machine.workspace('shop', SHOP);
    await shop.run('dev', '-d');
    expect(await machine.run(['daemon', 'stop'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/these stacks are running: shop\n.*portramp down --all/) as string,
    });
  });

  it('ends "down" where the runner does not answer; others are stopped all the same', async () => {
    const shop = machine.workspace('shop', SHOP);
    const other = machine.workspace('other', SHOP.replace('workspace: shop', 'workspace: other'));
    await shop.run('dev', '-d');
    await other.run('dev', '-d');
    const { pid = 0 } = await shop.stack();
    process.kill(pid, 'SIGSTOP');
    try {
      const down = await machine.run(['down', '--all']);
      expect(down).toMatchObject({ code: 1, stdout: 'other is down\n' });
      expect(down.stderr).toMatch(
        new RegExp(
          `the runner of .*shop \\(pid ${pid}\\) does not answer: it is stopped \\(state T\\)\n.*kill -CONT ${pid}`,
        ),
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('a command that a stopped runner did not answer', () => {
  it.each(['stop', 'restart', 'down'])('is not carried out when the runner goes on: %s', async (command) => {
    const shop = machine.workspace('shop', SHOP);
    await shop.run('dev', '-d');
    const before = await shop.stack();
    const { pid = 0 } = before;
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await shop.run(...(command === 'down' ? [command] : [command, 'api']))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`"${command}" was withdrawn, and is not carried out then`) as string,
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // The runner answers this one after all that came before.
    expect(await shop.run('why', 'api')).toMatchObject({ code: 0 });
    const after = await shop.stack();
    const instances = (stack: typeof before) => stack.services.map(({ state, pid: own }) => ({ state, own }));
    expect(instances(after)).toEqual(instances(before));
  });
});

describe('a running stack whose contract is gone', () => {
  it('is controlled all the same, from folders below too', async () => {
    const shop = machine.workspace('shop', SHOP);
    shop.write('apps/api/README.md', '');
    await shop.run('dev', '-d');
    const [url, direct] = [await shop.run('url', 'api'), await shop.run('url', 'api', '--direct')];
    rmSync(join(shop.root, 'portramp.yaml'));
    const below = (...args: string[]) => machine.run(args, { cwd: join(shop.root, 'apps/api') });
    expect(await below('url', 'api')).toEqual(url);
    expect(await below('url', 'api', '--direct')).toEqual(direct);
    expect(await below('logs', 'api')).toMatchObject({ code: 0 });
    expect(await below('restart', 'api')).toMatchObject({ code: 0 });
    expect(await below('wait', 'api')).toMatchObject({ code: 0 });
    expect(await below('down')).toMatchObject({ code: 0, stdout: 'shop is down\n' });
    // What rests is known without its contract, too: whether containers of it are left is still asked.
    expect(await below('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
  });
});

describe('a folder that does not exist', () => {
  it('is named', async () => {
    expect(await machine.run(['-C', '/nonexistent/shop', 'dev'])).toMatchObject({
      code: 2,
      stderr: 'error the folder /nonexistent/shop does not exist\n',
    });
  });
});

describe('a port for the front that comes too late', () => {
  it('is not ignored', async () => {
    await machine.run(['daemon', 'start']);
    const env = { ...machine.environment, PORTRAMP_HTTP_PORT: '1' };
    expect(await machine.run(['daemon', 'start'], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/PORTRAMP_HTTP_PORT asks for port 1, but .*\n.*to move it: /) as string,
    });
    expect(await machine.run(['daemon', 'start'])).toMatchObject({ code: 0, stderr: '' });
  });
});
