/** A stack is in the Compose project in which it was started, whatever later shells and edits call that. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Result, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const PROJECT = `services:
  db: { image: ${IMAGE}, stop_signal: SIGKILL, volumes: ["data:/data"], command: [sleep, "1000"] }
volumes: { data: {} }
`;

describe.skipIf(engine === undefined)('the Compose project of a stack', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  const inShell = (name: string, ...words: string[]): Promise<Result> =>
    machine.run(words, { cwd: stack.root, env: { ...machine.environment, COMPOSE_PROJECT_NAME: name } });
  const containers = (): Promise<string> => docker('ps', '-a', '--format', '{{.Names}}');
  const volumes = (): Promise<string> => docker('volume', 'ls', '-q');
  const ok = async (result: Promise<Result>): Promise<string> => {
    const { code, stdout, stderr } = await result;
    expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
    return stdout + stderr;
  };
  /** As Ctrl-C in its terminal does. */
  const leave = async (): Promise<void> => {
    const { pid = 0 } = await stack.stack();
    process.kill(pid, 'SIGINT');
    await eventually(async () => expect((await machine.ls()).stacks).toEqual([]));
  };

  beforeEach(() => {
    machine = engine.createMachine();
    stack = machine.workspace('files', 'version: 1\nworkspace: named\nservices: { db: { compose: db } }\n');
    stack.write('compose.yaml', PROJECT);
  });
  afterEach(async () => {
    try {
      for (const name of ['zz', 'yy', 'files', 'other'])
        await docker('volume', 'rm', '-f', `${name}_data`).catch(() => undefined);
      await stack.run('down', '--volumes');
      expect(await engine.left()).toEqual([]);
      expect(await volumes()).toBe('');
    } finally {
      await machine.close();
    }
  });

  it('is that which the shell named at the start, for every later command, until nothing of it is left', async () => {
    await ok(inShell('zz', 'dev', '-d'));
    const isThere = async (): Promise<void> => {
      expect(await ok(stack.run('compose', 'ps', '--services'))).toBe('db\n');
      expect(await containers()).toBe('zz-db-1');
    };
    await isThere();
    const listed = JSON.parse((await stack.run('ls', '--json')).stdout) as { stacks: unknown[] };
    expect(listed.stacks).toMatchObject([{ stack: 'named', composeProject: 'zz' }]);
    expect((await stack.run('ls')).stdout).toContain('its Compose project is zz, as it was started');
    await leave();
    await isThere();
    await ok(stack.run('dev', '-d'));
    await isThere();

    await ok(stack.run('down'));
    expect(await ok(stack.run('dev', '-d'))).toContain(
      'goes on in the Compose project "zz", where its data is',
    );
    await isThere();
    expect(await ok(stack.run('down', '--volumes'))).toContain('removed the volume zz_data');
    expect([await containers(), await volumes()]).toEqual(['', '']);
    await ok(stack.run('dev', '-d'));
    expect([await containers(), await volumes()]).toEqual(['files-db-1', 'files_data']);
  });

  it('is exchanged for no other in silence: a shell that names another one is told', async () => {
    await ok(inShell('zz', 'dev', '-d'));
    const refused = async (): Promise<void> => {
      for (const words of [
        ['compose', 'ps'],
        ['compose', 'down', '-v'],
        ['down', '--volumes'],
        ['dev', '-d'],
      ]) {
        const { code, stdout, stderr } = await inShell('yy', ...words);
        expect([words, code, stdout]).toEqual([words, 2, '']);
        expect(stderr).toContain(
          'COMPOSE_PROJECT_NAME=yy names another Compose project than that of this stack, which is "zz"',
        );
        expect(stderr).toContain(
          'hint: unset COMPOSE_PROJECT_NAME for this stack; for the other project: docker compose -p yy ',
        );
      }
    };
    await refused();
    await leave();
    await refused();
    expect([await containers(), await volumes()]).toEqual(['zz-db-1', 'zz_data']);
    expect(await ok(inShell('zz', 'compose', 'ps', '--services'))).toBe('db\n');
    // What is asked of one command is for that command.
    expect((await ok(stack.run('compose', '-p', 'yy', 'ps', '--services'))).trim()).toBe('');

    await ok(stack.run('down'));
    await ok(inShell('yy', 'dev', '-d'));
    expect(await containers()).toBe('yy-db-1');
    expect(await ok(stack.run('compose', 'ps', '--services'))).toBe('db\n');
    await ok(stack.run('down', '--volumes'));
    expect(await volumes()).toBe('zz_data');
  });

  it('is the old one after an edit of its name, until down', async () => {
    await ok(stack.run('dev', '-d'));
    await leave();
    stack.write('compose.yaml', `name: other\n${PROJECT}`);
    const told = await ok(stack.run('compose', 'ps', '--services'));
    expect(told).toContain('db\n');
    expect(told).toContain(
      'called "other" now, and containers of this stack are in "files": it stays there until "portramp down"',
    );
    await ok(stack.run('down'));
    await ok(stack.run('dev', '-d'));
    expect(await containers()).toBe('other-db-1');
  });
});
