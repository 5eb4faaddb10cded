/** Data is removed by those alone who say so, and only where it is the stack's own; what is removed is told. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Result, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const execute = promisify(execFile);
const engine = await findTestEngine();

const keep = (volume: string): string =>
  `{ image: ${IMAGE}, stop_signal: SIGKILL, volumes: ["${volume}"], command: [sleep, "1000"] }`;
const CONTRACT = `version: 1\nworkspace: data\nservices: { db: { compose: db } }\n`;

describe.skipIf(engine === undefined)('data in volumes', () => {
  if (engine === undefined) return;
  const { docker, compose } = engine;
  let machine: Machine;

  const lines = async (...words: string[]): Promise<string[]> =>
    (await docker(...words)).split('\n').filter((line) => line !== '');
  const volumes = async (): Promise<string[]> => (await lines('volume', 'ls', '-q')).toSorted();
  const ok = async (result: Promise<Result>): Promise<string> => {
    const { code, stdout, stderr } = await result;
    expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
    return stdout + stderr;
  };
  const open = (folder: string, project: string, contract = CONTRACT): Workspace => {
    const workspace = machine.workspace(folder, contract);
    workspace.write('compose.yaml', project);
    return workspace;
  };
  /** As a person would, beside portramp. */
  const byHand = async (workspace: Workspace, ...words: string[]): Promise<void> => {
    const [program, ...first] = compose.command;
    await execute(program, [...first, ...words], { cwd: workspace.root });
  };

  beforeEach(() => {
    machine = engine.createMachine();
  });
  afterEach(async () => {
    await machine.run(['down', '--all']);
    await machine.close();
    for (const id of await lines('ps', '-aq')) await docker('rm', '-f', id);
    for (const name of await volumes()) await docker('volume', 'rm', '-f', name);
    for (const id of await lines('network', 'ls', '-q', '--filter', 'type=custom'))
      await docker('network', 'rm', id);
  });

  it('of others are kept, and told; what was removed is told, also where something could not be', async () => {
    const project = `services: { db: ${keep('rows:/data')}, keys: ${keep('keys:/data')} }\nvolumes: { keys: {}, rows: {} }\n`;
    const own = open('lite', project);
    own.write('tools.yml', `services: { tool: ${keep('notes:/data')} }\nvolumes: { notes: {} }\n`);
    await ok(own.run('dev', '-d'));
    await byHand(own, '-p', 'lite', '-f', 'tools.yml', 'up', '-d');
    await docker('run', '-d', '--name', 'holder', '-v', 'lite_keys:/data', IMAGE, 'sleep', '1000');
    const { code, stderr } = await own.run('down', '--volumes');
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(await own.run('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
    expect(stderr).toContain('removed the volume lite_rows\n');
    expect(stderr).toMatch(/not removed: volume lite_keys: .*in use/);
    expect(stderr).toContain(
      'kept the volume lite_notes: no Compose file of this stack names it; docker volume rm lite_notes\n',
    );
    const again = await own.run('down', '--volumes', '--json');
    expect(again.code).toBe(1);
    const { volumes: told } = JSON.parse(again.stdout) as { volumes: unknown };
    expect(told).toEqual([
      { stack: 'data', name: 'lite_keys', removed: false, reason: expect.stringContaining('in use') },
      {
        stack: 'data',
        name: 'lite_notes',
        removed: false,
        reason: expect.stringContaining('no Compose file'),
      },
    ]);
    expect(await volumes()).toEqual(['lite_keys', 'lite_notes']);
    expect((await lines('ps', '--format', '{{.Names}}')).toSorted()).toEqual(['holder', 'lite-tool-1']);
  });

  it('without a name are told of a container that somebody removes, and are removed with the rest', async () => {
    const contract = CONTRACT.replace('db: {', 'rows: {');
    const own = open('loose', `services:\n  db: ${keep('/data')}\n`, contract);
    await ok(own.run('dev', '-d'));
    const [first = ''] = await volumes();
    await docker('rm', '-f', 'loose-db-1');
    const { failure } = await own.until('rows', 'failed');
    const told = `kept a volume without a name, of rows (docker volume inspect ${first})`;
    expect(failure?.message).toContain(`was removed from outside of portramp; ${told}`);
    await ok(own.run('start', 'rows'));
    await docker('rm', '-f', '-v', 'loose-db-1');
    // Of data that went with the container nothing is said.
    expect((await own.until('rows', 'failed')).failure?.message).toMatch(/from outside of portramp$/);
    await ok(own.run('start', 'rows'));
    const all = await volumes();
    expect(all).toHaveLength(2);
    expect(await ok(own.run('down'))).toContain('kept 2 volumes without a name, of rows (');
    await ok(own.run('down', '--volumes'));
    expect(await volumes()).toEqual([]);
  });

  it('without a name outlive an edit that no container can be started from', async () => {
    const whole = `services:\n  db: ${keep('/data')}\n`;
    const own = open('loose', whole);
    await ok(own.run('dev', '-d'));
    await docker('exec', 'loose-db-1', 'sh', '-c', 'echo here > /data/mark');
    own.write('compose.yaml', whole.replace('[sleep, "1000"]', '[no-such-program]'));
    expect((await own.until('db', 'failed')).failure?.message).toContain('no-such-program');
    own.write('compose.yaml', whole);
    await own.until('db', 'ready');
    expect(await docker('exec', 'loose-db-1', 'cat', '/data/mark')).toBe('here');
    await ok(own.run('down', '--volumes'));
  });

  it('without a name outlive a service that leaves the files, and down; what wants data removed removes them', async () => {
    const [db, extra] = [keep('/data'), keep('/data')];
    const whole = `services:\n  db: ${db}\n  extra: ${extra}\n`;
    const own = open('loose', whole);
    const state = (): Promise<string> => docker('inspect', '-f', '{{.State.Status}}', 'loose-extra-1');
    await ok(own.run('dev', '-d'));
    await docker('exec', 'loose-extra-1', 'sh', '-c', 'echo here > /data/mark');
    own.write('compose.yaml', `services:\n  db: ${db}\n`);
    await eventually(async () => expect(await state()).toBe('exited'));
    own.write('compose.yaml', whole);
    await eventually(async () => expect(await state()).toBe('running'));
    expect(await docker('exec', 'loose-extra-1', 'cat', '/data/mark')).toBe('here');

    const left = await volumes();
    expect(left).toHaveLength(2);
    const told = await ok(own.run('down'));
    expect(told).toMatch(
      /kept 2 volumes without a name, of db, extra \(docker volume inspect \w{64} \w{64}\)/,
    );
    expect(told).toContain('"portramp down data --volumes" removes');
    expect(await volumes()).toEqual(left);
    const removed = await ok(own.run('down', '--volumes'));
    for (const name of left) expect(removed).toContain(`removed the volume ${name}`);
    expect(await volumes()).toEqual([]);

    await ok(own.run('dev', '-d'));
    rmSync(own.root, { recursive: true });
    const cleaned = await ok(machine.run(['clean', '--volumes']));
    expect(cleaned).toMatch(/removed .*2 volumes.* of loose/);
    expect(await volumes()).toEqual([]);
  });
});
