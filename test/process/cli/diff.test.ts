/** `portramp diff` over real repositories. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, openWorkspace, processesOf, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

const BEFORE = `version: 1
workspace: shop
services:
  web: { command: w, consumes: [api] }
  api: { command: a }
`;
const AFTER = BEFORE.replace('api: { command: a }', 'rest: { command: a }').replace('[api]', '[rest]');
const SAFE = BEFORE.replace('command: w', 'command: v');

/** A repository with one commit, tagged v1; the contract lies in `folder`. */
async function repository(name: string, folder = ''): Promise<Workspace> {
  const root = openWorkspace(machine, machine.folder(name));
  const workspace = folder === '' ? root : openWorkspace(machine, machine.folder(`${name}/${folder}`));
  workspace.contract(BEFORE);
  await root.git('init', '-q');
  await root.git('add', '--all');
  await root.git('commit', '-qm', 'one');
  await root.git('tag', 'v1');
  return workspace;
}

describe('diff', () => {
  it('compares with the working tree, and exits with 1 where something breaks', async () => {
    const workspace = await repository('tree');
    expect(await workspace.run('diff', 'v1')).toMatchObject({
      code: 0,
      stdout: 'nothing changed between v1 and the working tree\n',
      stderr: '',
    });
    workspace.contract(SAFE);
    const safe = await workspace.run('diff', 'HEAD');
    expect(safe).toMatchObject({ code: 0, stderr: '' });
    expect(safe.stdout).toMatch(
      /^safe +web: command changed +portramp.yaml:4:3\n\na running stack.*restart web\n$/,
    );
    workspace.contract(AFTER);
    const { code, stdout } = await workspace.run('diff', 'HEAD');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^breaking +api is removed, and was consumed by web/m);
    expect(stdout).toMatch(/stop api, start rest, restart web/);
  });

  it('compares two revisions, whatever the working tree says', async () => {
    const workspace = await repository('two');
    workspace.contract(AFTER);
    await workspace.git('commit', '-qam', 'two');
    workspace.contract('this: [is no contract');
    expect(await workspace.run('diff', 'v1', 'HEAD')).toMatchObject({ code: 1, stderr: '' });
    expect(await workspace.run('diff', 'HEAD', 'HEAD')).toMatchObject({ code: 0 });
    const { stdout } = await workspace.run('diff', 'v1', 'HEAD', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      from: 'v1',
      to: 'HEAD',
      breaking: true,
      changes: [
        {
          weight: 'breaking',
          code: 'service-removed',
          environments: ['dev'],
          file: 'portramp.yaml',
          line: 3,
        },
        { weight: 'safe', code: 'consumption-added' },
        { weight: 'safe', code: 'service-added' },
      ],
      steps: [
        { service: 'api', action: 'stop' },
        { service: 'rest', action: 'start' },
        { service: 'web', action: 'restart' },
      ],
    });
  });

  it('reads a contract below the root of the repository, and annotates it by its path there', async () => {
    const workspace = await repository('below', 'apps/shop');
    workspace.contract(AFTER);
    const { code, stdout } = await workspace.run('diff', 'v1', '--format', 'github');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error file=apps\/shop\/portramp.yaml,line=3,col=1,title=breaking%3A service-removed::/,
    );
    const deeper = openWorkspace(machine, machine.folder('below/apps/shop/src'));
    expect(await deeper.run('diff', 'v1')).toMatchObject({ code: 1 });
  });

  it('finds a contract that had another name', async () => {
    const workspace = await repository('name');
    await workspace.git('mv', 'portramp.yaml', 'portramp.yml');
    expect(await workspace.run('diff', 'v1')).toMatchObject({ code: 0 });
  });

  it('needs no daemon', () => {
    expect(processesOf(machine.home)).toEqual([]);
  });
});

describe('what cannot be read', () => {
  const fails = async (workspace: Workspace, args: string[], message: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await workspace.run('diff', ...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/hint:/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  };

  it('is said: an unknown revision, one without a contract, a bad contract, no repository', async () => {
    const workspace = await repository('unreadable');
    await fails(workspace, ['v2'], /git knows no revision "v2"/);
    await fails(workspace, ['--', '--output=x'], /git knows no revision "--output=x"/);
    await workspace.git('rm', '-q', '--cached', 'portramp.yaml');
    await workspace.git('commit', '-qm', 'without');
    await fails(workspace, ['HEAD'], /there is no portramp.yaml in HEAD/);
    await fails(workspace, ['v1', 'HEAD'], /there is no portramp.yaml in HEAD/);
    workspace.contract('version: 1\nworkspace: shop\nservices:\n  api: { comand: a }\n');
    await fails(workspace, ['v1'], /portramp.yaml:4:\d+ .*unknown key "comand"/);
    const outside = machine.workspace('outside', BEFORE);
    await fails(outside, ['HEAD'], /is not in a git repository/);
  });

  it('is no reason to look elsewhere: a hook has a repository of its own in its environment', async () => {
    const workspace = await repository('hook');
    const other = await repository('other');
    workspace.contract(AFTER);
    const env = { ...machine.environment, GIT_DIR: `${other.root}/.git`, GIT_WORK_TREE: other.root };
    expect(await machine.run(['diff', 'v1'], { cwd: workspace.root, env })).toMatchObject({ code: 1 });
  });
});
