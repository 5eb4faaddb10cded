/** Stacks whose folder is gone or far away: found, stopped, and named from anywhere. */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { locateHome } from '../../../src/lib/home.ts';
import { createMachine, node, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;
let elsewhere: string;
beforeAll(async () => {
  machine = createMachine();
  elsewhere = machine.folder('elsewhere');
  shop = machine.workspace(
    'shop',
    `version: 1\nworkspace: shop\nservices:\n  api: { command: ${node('server.js')} }\n`,
  );
  await shop.git('init', '-q', '-b', 'main');
  await shop.git('add', '-A');
  await shop.git('commit', '-qm', 'shop');
});
afterAll(() => machine.close());

const worktree = async (name: string): Promise<Workspace> => {
  const root = `${machine.folder('trees')}/${name}`;
  await shop.git('worktree', 'add', '-q', root, '-b', name);
  return openWorkspace(machine, root);
};
const running = async (): Promise<string[]> =>
  (await machine.ls()).stacks.map(({ stack }) => stack).toSorted();

describe('a worktree that goes away while its stack runs', () => {
  it('takes the stack with it: in the terminal it is said, and nothing runs on', async () => {
    const tree = await worktree('removed');
    const dev = tree.start('dev');
    await dev.prints(/ready/);
    await shop.git('worktree', 'remove', '--force', tree.root);
    await dev.prints(/was removed or moved: this stack is stopped/);
    expect(await dev.ended).toBe(0);
    // The contract went with the folder: that is no edit, and nothing runs on.
    expect(dev.output).not.toMatch(/does not exist|not applied/);
    expect(await running()).not.toContain('shop-removed');
    // Nothing that is said leads back to the folder: all say what forgets it.
    const said = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await machine.run(args, { cwd: elsewhere });
      return stdout + stderr;
    };
    const named = ['--stack', 'shop-removed'];
    for (const args of [
      ['ls', '--all'],
      ['why', 'api', ...named],
      ['why', 'api.shop-removed.localhost'],
      ['dev', '-d', ...named],
      ['start', 'api', ...named],
    ])
      expect(`${args.join(' ')}: ${await said(...args)}`).toMatch(/removed or moved[^]*portramp clean/);
    const listed = JSON.parse(await said('ls', '--all', '--json')) as { stacks: { stack: string }[] };
    expect(listed.stacks.find(({ stack }) => stack === 'shop-removed')).toMatchObject({ gone: true });
    await eventually(async () =>
      expect(JSON.parse((await machine.get('api.shop-removed.localhost')).body)).toMatchObject({
        error: 'STACK_NOT_RUNNING',
        hint: 'portramp clean',
      }),
    );
  });

  it('is led to where git moved it', async () => {
    const tree = await worktree('led');
    const dev = tree.start('dev');
    await tree.until('api', 'ready');
    const there = `${tree.root} there`;
    await shop.git('worktree', 'move', tree.root, there);
    const [, dir = ''] = await dev.prints(/was moved to .*"portramp dev --dir '(.*?)'" starts it again/);
    await dev.ended;
    expect(dir).toBe(there);
    expect(await machine.run(['dev', '--dir', dir, '-d'], { cwd: elsewhere })).toMatchObject({ code: 0 });
    expect(await running()).toContain('shop-led');
    expect(await machine.run(['down', 'shop-led'], { cwd: elsewhere })).toMatchObject({ code: 0 });
  });

  it('is found when it was moved', async () => {
    const tree = await worktree('moved');
    expect(await tree.run('dev', '-d')).toMatchObject({ code: 0 });
    renameSync(tree.root, `${tree.root}-away`);
    await eventually(async () => expect(await running()).not.toContain('shop-moved'));
  });

  it('is stopped by clean, and forgotten', async () => {
    const tree = await worktree('cleaned');
    expect(await tree.run('dev', '-d')).toMatchObject({ code: 0 });
    const { tasks } = locateHome(machine.environment);
    mkdirSync(tasks, { recursive: true, mode: 0o700 });
    for (const kind of ['json', 'starts.json']) writeFileSync(join(tasks, `shop-cleaned.${kind}`), '{}');
    await shop.git('worktree', 'remove', '--force', tree.root);
    const clean = await machine.run(['clean'], { cwd: elsewhere });
    expect(clean.stdout).toContain('forgot shop-cleaned');
    expect(readdirSync(tasks).filter((name) => name.startsWith('shop-cleaned.'))).toEqual([]);
    expect(await running()).not.toContain('shop-cleaned');
  });
});

describe('a stack by its name', () => {
  it('is looked at, stopped and forgotten from anywhere', async () => {
    const tree = await worktree('named');
    expect(await tree.run('dev', '-d')).toMatchObject({ code: 0 });
    const from = (...args: string[]): ReturnType<Machine['run']> => machine.run(args, { cwd: elsewhere });
    expect((await from('logs', '--stack', 'shop-named', 'api')).stdout).toContain('started');
    expect((await from('why', '--stack', 'shop-named', 'api')).stdout).toContain('shop-named');
    expect((await from('url', '--stack', 'shop-named', 'api')).stdout).toContain('api.shop-named.localhost');
    expect(await from('clean', 'shop-named')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('portramp down shop-named') as string,
    });
    expect(await from('down', 'shop-named')).toMatchObject({ code: 0, stdout: 'shop-named is down\n' });
    expect((await from('clean', 'shop-named')).stdout).toContain('forgot shop-named');
    expect(await from('down', 'shop-nmed')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no stack "shop-nmed"') as string,
    });
  });
});
