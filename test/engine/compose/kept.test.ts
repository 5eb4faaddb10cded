/** What is of a checkout that is there, or moved, is kept by `clean`, whatever the ledger or a label says. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Result, type Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const keep = (volume: string): string =>
  `{ image: ${IMAGE}, stop_signal: SIGKILL, volumes: ["${volume}:/data"], command: [sleep, "1000"] }`;
const PROJECT = `
services:
  db: ${keep('data')}
  cache: ${keep('keys')}
volumes: { data: {}, keys: {} }
`;
const CONTRACT = `version: 1
workspace: kept
compose: { file: infra/compose.yaml }
services:
  db: { compose: db }
  cache: { compose: cache, scope: workspace }
`;

describe.skipIf(engine === undefined)('what is not proven to be of a checkout that is gone', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let main: Workspace;

  const lines = async (...words: string[]): Promise<string[]> =>
    (await docker(...words)).split('\n').filter((line) => line !== '');
  const volumes = async (): Promise<string[]> => (await lines('volume', 'ls', '-q')).toSorted();
  const containers = async (): Promise<string[]> =>
    (await lines('ps', '--no-trunc', '--format', '{{.Names}} {{.ID}}')).toSorted();
  const addTree = async (name: string): Promise<Workspace> => {
    const root = join(main.root, '..', name);
    await main.git('worktree', 'add', '-q', '-b', name, root);
    return openWorkspace(machine, root);
  };
  const ok = async (result: Promise<Result>): Promise<string> => {
    const { code, stdout, stderr } = await result;
    expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
    return stdout;
  };
  const clean = (...options: string[]): Promise<string> => ok(machine.run(['clean', ...options]));
  const listAll = (): Promise<string> => ok(machine.run(['ls', '--all']));

  beforeAll(async () => {
    machine = engine.createMachine();
    main = openWorkspace(machine, machine.folder('kept'));
    main.write('infra/compose.yaml', PROJECT);
    main.contract(CONTRACT);
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
  });

  afterAll(async () => {
    await machine.run(['down', '--all']);
    await machine.close();
    for (const id of await lines('ps', '-aq')) await docker('rm', '-f', id);
    for (const name of await lines('volume', 'ls', '-q')) await docker('volume', 'rm', '-f', name);
    for (const id of await lines('network', 'ls', '-q', '--filter', 'type=custom')) {
      await docker('network', 'rm', id);
    }
    expect(await engine.left()).toEqual([]);
  });

  it('is what all branches share, although the worktree is gone that made it', async () => {
    const first = await addTree('first');
    await ok(first.run('dev', '-d'));
    await ok(main.run('dev', '-d'));
    await ok(first.run('down'));
    await main.git('worktree', 'remove', '--force', first.root);
    const before = { containers: await containers(), volumes: await volumes() };
    expect(before.containers).toHaveLength(2);

    expect(await listAll()).not.toMatch(/_shared_\w+ is gone/);
    expect(await clean('--volumes')).toContain('kept-first left behind: 1 volume');
    expect(await containers()).toEqual(before.containers);
    expect(await volumes()).toEqual(before.volumes.filter((row) => !row.startsWith('kept-first_')));
    expect((await main.service('cache')).status).toBe('ready');

    // Nobody runs, and the checkout is there: its data is too.
    await ok(main.run('down'));
    const rest = await volumes();
    expect(await clean('--volumes')).toContain('Nothing to clean');
    expect(await volumes()).toEqual(rest);
  });

  it('is the data of checkouts that are there and forgotten', async () => {
    const tree = await addTree('second');
    for (const each of [main, tree]) await ok(each.run('dev', '-d'));
    for (const each of [tree, main]) await ok(each.run('down'));
    const before = await volumes();
    expect(before).toContain('kept-second_data');
    expect(await clean('--all')).toContain('forgot kept-second ');
    expect(await listAll()).not.toContain('is gone');
    await clean('--volumes');
    await clean('--all', '--volumes');
    expect(await volumes()).toEqual(before);
  });

  it('is what a checkout left running whose Compose file a branch does not have', async () => {
    await ok(main.run('dev', '-d'));
    const { pid } = await main.stack();
    if (pid === undefined) throw new Error('it does not run');
    process.kill(pid, 'SIGINT');
    await eventually(async () => expect((await machine.ls()).stacks).toEqual([]));
    const before = { containers: await containers(), volumes: await volumes() };
    expect(before.containers).toHaveLength(2);
    const away = join(machine.folder('away'), 'infra');
    renameSync(join(main.root, 'infra'), away);
    expect(await listAll()).not.toContain('is gone');
    await clean('--volumes');
    expect({ containers: await containers(), volumes: await volumes() }).toEqual(before);
    renameSync(away, join(main.root, 'infra'));
    await ok(main.run('down'));
  });

  it('is what a worktree left that git moved, until the data is used there', async () => {
    const tree = await addTree('third');
    await ok(tree.run('dev', '-d'));
    await docker('exec', 'kept-third-db-1', 'sh', '-c', 'echo here > /data/mark');
    await ok(tree.run('down'));
    const before = await volumes();
    const to = join(main.root, '../moved');
    await main.git('worktree', 'move', tree.root, to);
    const told = `kept 1 volume of kept-third: its checkout moved to ${to}; portramp dev --dir ${to}`;
    expect((await listAll()).replace(/ \([^)]* of data\)/, '')).toContain(told);
    expect((await clean('--volumes')).replace(/ \([^)]* of data\)/, '')).toContain(told);
    expect(await volumes()).toEqual(before);
    await ok(machine.run(['dev', '--dir', to, '-d']));
    expect(await volumes()).toEqual(before);
    expect(await docker('exec', 'kept-third-db-1', 'cat', '/data/mark')).toBe('here');
    expect(await clean('--volumes')).not.toContain('kept-third');
    await ok(machine.run(['down', '--dir', to]));
  });
});
