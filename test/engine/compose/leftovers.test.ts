/** Nothing of a branch is left without a word: containers, networks and volumes whose checkout is gone. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const WRITE = 'echo "$$PORTRAMP_STACK" >> /data/who; exec sleep 1000';
const PROJECT = `
services:
  db: { image: ${IMAGE}, init: true, stop_grace_period: 0s, volumes: ["data:/data"], command: [sh, -c, '${WRITE}'], environment: { PORTRAMP_STACK: "" } }
volumes: { data: {} }
`;
const CONTRACT = `version: 1
workspace: left
services:
  db: { compose: db }
  idle: { command: sleep 1000, ports: false }
`;

describe.skipIf(engine === undefined)('what a branch leaves', () => {
  let machine: Machine;
  let main: Workspace;
  const docker = (...words: string[]): Promise<string> =>
    engine?.docker(...words) ?? Promise.reject(new Error('there is no engine'));
  const of = async (kind: 'ps' | 'volume' | 'network', project: string): Promise<number> => {
    const words = kind === 'ps' ? ['ps', '-aq'] : [kind, 'ls', '-q'];
    const found = await docker(...words, '--filter', `label=com.docker.compose.project=${project}`);
    return found.split('\n').filter((line) => line !== '').length;
  };
  const countOf = async (project: string): Promise<number[]> =>
    Promise.all((['ps', 'network', 'volume'] as const).map((kind) => of(kind, project)));

  const openBranch = async (name: string): Promise<Workspace> => {
    const root = join(main.root, '..', name);
    await main.git('worktree', 'add', '-q', '-b', name, root);
    const branch = openWorkspace(machine, root);
    expect((await branch.run('dev', '-d')).code).toBe(0);
    return branch;
  };

  beforeAll(async () => {
    if (engine === undefined) return;
    machine = engine.createMachine();
    main = machine.workspace('left', CONTRACT);
    main.write('compose.yaml', PROJECT);
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
    expect((await main.run('dev', '-d')).code).toBe(0);
  });

  afterAll(async () => {
    await machine?.run(['down', '--all']);
    await docker('volume', 'rm', '-f', 'left_data');
    await machine?.close();
    if (engine !== undefined) expect(await engine.left()).toEqual([]);
  });

  it('is told by ls, and removed by clean; its data only when that is asked for', async () => {
    const branch = await openBranch('feature');
    expect(await countOf('left-feature')).toEqual([1, 1, 1]);
    // Behind the back of the runner, which is ended by its terminal: containers run on.
    const { stacks } = await machine.ls();
    const { pid } = stacks.find(({ root }) => root === branch.root) ?? {};
    if (pid !== undefined) process.kill(pid, 'SIGINT');
    await eventually(async () => expect((await machine.ls()).stacks).toHaveLength(1));
    rmSync(branch.root, { recursive: true });

    const listed = await machine.run(['ls', '--all']);
    expect(listed.stdout).toMatch(
      /left-feature is gone, and left 1 container, 1 network, 1 volume.*: "portramp clean" removes it, with --volumes its data too/,
    );
    // Its containers run: that is not nothing.
    const down = await machine.run(['down', 'left-feature']);
    expect(down).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /feature was removed, and 1 container, .* are left[^]*portramp clean/,
      ) as string,
    });
    const { stdout } = await machine.run(['clean']);
    expect(stdout).toMatch(/left-feature left behind: 1 container, 1 network, 1 volume/);
    expect(stdout).toContain('the data stays: "portramp clean --volumes" removes it');
    expect(await countOf('left-feature')).toEqual([0, 0, 1]);
    expect(JSON.parse((await machine.run(['clean', '--json'])).stdout)).toMatchObject({
      leftovers: [{ volumes: [{ name: 'left-feature_data', removed: false }], kept: ['volumes'] }],
    });

    expect((await machine.run(['ls', '--all'])).stdout).toMatch(
      /left-feature is gone, and left 1 volume.*: "portramp clean --volumes" removes it/,
    );
    const second = await machine.run(['clean', '--volumes', '--json']);
    expect(JSON.parse(second.stdout)).toMatchObject({
      leftovers: [
        { project: 'left-feature', volumes: [{ name: 'left-feature_data', removed: true }], kept: [] },
      ],
    });
    expect(await countOf('left-feature')).toEqual([0, 0, 0]);
    expect((await machine.run(['clean'])).stdout).toContain('Nothing to clean');
    expect(await countOf('left')).toEqual([1, 1, 1]);
  });

  it('is gone with its data after down --volumes, and nothing of the main checkout is', async () => {
    const branch = await openBranch('other');
    const volume = { stack: 'left-other', name: 'left-other_data' };
    expect(JSON.parse((await branch.run('down', '--json')).stdout)).toEqual({
      version: 1,
      stopped: ['left-other'],
      volumes: [{ ...volume, removed: false }],
    });
    expect(await countOf('left-other')).toEqual([0, 0, 1]);
    const { code, stdout, stderr } = await branch.run('down', '--volumes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stopped: [], volumes: [{ ...volume, removed: true }] });
    expect(stderr).toContain('removed the volume left-other_data');
    expect(await countOf('left-other')).toEqual([0, 0, 0]);
    expect(await countOf('left')).toEqual([1, 1, 1]);
    expect((await machine.run(['down', '--all', '--volumes'])).code).toBe(2);
  });

  it('is known of a main checkout too, whose project is not called as its stack, when its containers are gone', async () => {
    const own = openWorkspace(machine, machine.folder('Own_2'));
    own.contract(CONTRACT.replace('workspace: left', 'workspace: own'));
    own.write('compose.yaml', PROJECT);
    const runner = own.start('dev');
    await own.until('db', 'ready');
    expect(await countOf('own_2')).toEqual([1, 1, 1]);
    runner.child.kill('SIGINT');
    await runner.ended;
    await docker('rm', '-f', 'own_2-db-1');
    expect((await machine.run(['ls', '--all'])).stdout).not.toContain('own_2 is gone');
    rmSync(own.root, { recursive: true });

    expect((await machine.run(['ls', '--all'])).stdout).toMatch(
      /own_2 is gone, and left 1 network, 1 volume/,
    );
    expect((await machine.run(['clean'])).stdout).toMatch(/own_2 left behind: 1 network, 1 volume/);
    expect(await countOf('own_2')).toEqual([0, 0, 1]);
    expect((await machine.run(['clean', '--volumes'])).stdout).toMatch(/own_2 left behind: 1 volume/);
    expect(await countOf('own_2')).toEqual([0, 0, 0]);
    expect((await machine.run(['clean'])).stdout).toContain('Nothing to clean');
    expect(await countOf('left')).toEqual([1, 1, 1]);
  });

  describe('with the container of somebody else on its network', () => {
    const KEPT = /kept the network (\S+): the container holder is on it; "(.+)" removes it/;
    /** Types what is printed. */
    const obey = (text: string): void => {
      const [, network, command = 'false'] = KEPT.exec(text) ?? [];
      expect([network, text]).toEqual(['left-held_default', text]);
      execFileSync('sh', ['-c', command]);
    };
    const hold = (): Promise<string> =>
      docker('run', '-d', '--name', 'holder', '--network', 'left-held_default', IMAGE, 'sleep', '1000');

    it('is told by down and clean, with what removes it; a network that nobody is on is not', async () => {
      const branch = await openBranch('held');
      // One that the files have lost: Compose keeps it too.
      const words = ['--label', 'com.docker.compose.project=left-held', 'left-held_older'];
      await docker('network', 'create', ...words);
      await hold();
      const down = await branch.run('down');
      expect(down).toMatchObject({ code: 0, stdout: 'left-held is down\n' });
      expect(down.stderr).not.toContain('left-held_older');
      obey(down.stderr);
      expect(await docker('inspect', '-f', '{{.State.Status}}', 'holder')).toBe('running');
      await docker('rm', '-f', 'holder');

      expect((await branch.run('dev', '-d')).code).toBe(0);
      await hold();
      expect((await branch.run('down')).stderr).toMatch(KEPT);
      rmSync(branch.root, { recursive: true });
      const { stdout, stderr } = await machine.run(['clean', '--volumes']);
      expect([stdout, KEPT.exec(stderr)?.[1]]).toEqual([stdout, 'left-held_default']);
      // What is kept is not forgotten.
      const again = await machine.run(['clean', '--json']);
      expect(JSON.parse(again.stdout)).toMatchObject({
        leftovers: [{ networks: ['left-held_default'], kept: ['networks'] }],
      });
      obey(again.stderr);
      expect((await machine.run(['clean'])).stdout).toContain('Nothing to clean');
      expect(await countOf('left-held')).toEqual([0, 0, 0]);
      await docker('rm', '-f', 'holder');
    });
  });
});
