/** Edits of a Compose file while its containers run: a mistake in it changes nothing, and what it loses can still be stopped. */
import { execFile } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const SERVER = 'image: portramp/test:1, stop_signal: SIGKILL, command: [httpd, -f, -p, "80", -h, /www]';
const A = `services:\n  a: { ${SERVER}, ports: ["80"] }\n`;
const AB = `${A}  b: { ${SERVER}, ports: ["80"] }\n`;
/** What is in the file for a moment while somebody types. */
const BROKEN = '  {{\n';

const contractWith = (...services: string[]): string =>
  ['version: 1', 'workspace: live', 'services:', ...services.map((each) => `  ${each}`), ''].join('\n');
const IDLE = 'idle: { command: sleep 1000, ports: false }';

describe.skipIf(engine === undefined)('an edit of the Compose file under portramp dev', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  const open = (contract: string, compose: string): void => {
    stack = machine.workspace('live', contract);
    stack.write('compose.yaml', compose);
  };
  beforeEach(() => {
    machine = engine.createMachine();
  });
  afterEach(async () => {
    try {
      await stack.run('down');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const namesOf = async (): Promise<string[]> =>
    (await docker('ps', '--format', '{{.Names}}')).split('\n').filter((name) => name !== '');
  /** Resolves when the runner has read the file, and refused it. */
  const untilRefused = (): Promise<void> =>
    eventually(async () => expect((await stack.stack()).problems ?? []).not.toEqual([]));
  const untilAccepted = (): Promise<void> =>
    eventually(async () => expect((await stack.stack()).problems ?? []).toEqual([]));

  it('that does not parse changes nothing: what runs is shown, its end is seen, and the repair is taken', async () => {
    open(contractWith(IDLE, 'a: { compose: a }', 'b: { compose: b }'), AB);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const before = await docker('ps', '-q');
    stack.write('compose.yaml', AB + BROKEN);
    await untilRefused();
    // The engine tells of an end; what it tells is looked at with the broken file in place.
    await docker('kill', 'live-b-1');
    await stack.until('b', 'failed');
    expect((await stack.service('a')).state).toBe('ready');
    stack.write('compose.yaml', AB);
    await untilAccepted();
    expect((await stack.service('a')).state).toBe('ready');
    expect(before).toContain(await docker('ps', '-q'));
    expect((await stack.run('start', 'b')).code).toBe(0);
    await stack.until('b', 'ready');
  });

  it('that mends what kept a service from starting has it start, and nothing else', async () => {
    open(contractWith(IDLE, 'a: { compose: a }', 'b: { compose: b }'), AB);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const before = await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'live-a-1');
    const elsewhere = 'networks: { default: { external: true, name: nowhere } }\n';
    // One that nobody can read; one that can be read, and that no container can be made from.
    for (const [broken, reason] of [
      [AB + BROKEN, /yaml|could not find|did not find|flow/],
      [AB + elsewhere, /nowhere/],
    ] as const) {
      expect((await stack.run('stop', 'b')).code).toBe(0);
      stack.write('compose.yaml', broken);
      if (broken.endsWith(BROKEN)) await untilRefused();
      else await eventually(async () => expect((await stack.run('ls')).stdout).toContain('nowhere'));
      expect((await stack.run('start', 'b')).code).toBe(1);
      const { failure } = await stack.until('b', 'failed');
      expect(failure?.message).toMatch(reason);
      stack.write('compose.yaml', AB);
      await stack.until('b', 'ready');
      await stack.until('a', 'ready');
    }
    expect(await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'live-a-1')).toBe(before);
    // What ended otherwise has nothing to do with the file.
    await docker('kill', 'live-b-1');
    await stack.until('b', 'failed');
    stack.write('compose.yaml', AB + BROKEN);
    await untilRefused();
    stack.write('compose.yaml', AB);
    await untilAccepted();
    expect((await stack.service('b')).state).toBe('failed');
  });

  it('that does not resolve keeps a restart from stopping what is healthy', async () => {
    open(contractWith(IDLE, 'a: { compose: a }', 'b: { compose: b }'), AB);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const before = await docker('ps', '-q');
    // Also before the runner has seen the edit, and also one that Compose alone can refuse.
    for (const broken of [
      AB + BROKEN,
      `${A}  b: { ${SERVER}, env_file: [missing.env], ports: ["80"] }\n`,
      A,
    ]) {
      stack.write('compose.yaml', broken);
      const { code, stdout, stderr } = await stack.run('restart', 'b');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/does not resolve, so nothing was stopped: .*\n.*hint: /s);
      expect(await docker('ps', '-q')).toBe(before);
      expect((await stack.service('b')).state).toBe('ready');
    }
    // A process is not made from the file.
    expect((await stack.run('restart', 'idle')).code).toBe(0);
    stack.write('compose.yaml', AB);
    await untilAccepted();
    expect((await stack.run('restart', 'b')).code).toBe(0);
    await eventually(async () => expect(await docker('ps', '-q')).not.toBe(''));
    await stack.until('b', 'ready');
  });

  it('of the project name is in effect after down: until then everything is done to what runs', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.write('compose.yaml', `name: other\n${A}`);
    await untilRefused();
    const [problem] = (await stack.stack()).problems ?? [];
    expect(problem).toMatch(/would be called "other" now.* are in "live": .*portramp down.*portramp dev/);
    expect((await stack.run('restart', 'a')).code).toBe(0);
    await stack.until('a', 'ready');
    expect(await namesOf()).toEqual(['live-a-1']);
    expect((await stack.run('down')).code).toBe(0);
    expect(await engine.left()).toEqual([]);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    expect(await namesOf()).toEqual(['other-a-1']);
  });

  it('that takes the whole project away leaves nothing of it behind', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.contract(contractWith(IDLE));
    await eventually(async () => expect(await namesOf()).toEqual([]));
    expect((await stack.run('down')).code).toBe(0);
    expect(await engine.left()).toEqual([]);
  });

  it('that does not parse keeps nobody from taking the stack down', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.write('compose.yaml', A + BROKEN);
    await untilRefused();
    const { code, stdout, stderr } = await stack.run('down');
    const left = await engine.left();
    stack.write('compose.yaml', A);
    expect({ code, stdout, stderr, left }).toEqual({
      code: 0,
      stdout: 'live is down\n',
      stderr: '',
      left: [],
    });
  });

  it('that does not parse keeps no down from the containers that were made before, which it finds by their labels', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    const dev = stack.start('dev');
    await stack.until('a', 'ready', 60_000);
    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    expect(await namesOf()).toEqual(['live-a-1']);
    stack.write('compose.yaml', A + BROKEN);
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'live is down\n' });
    expect(await namesOf()).toEqual([]);
    stack.write('compose.yaml', A);
    expect(await engine.left()).toEqual([]);
  });

  it('that loses a service stops it, and leaves nothing of it at the end', async () => {
    open(
      contractWith(IDLE, 'a: { compose: a }'),
      `${A}  b: { ${SERVER}, ports: ["80"], networks: [own] }\nnetworks: { own: {} }\n`,
    );
    expect((await stack.run('dev', '-d')).code).toBe(0);
    await stack.until('b', 'ready');
    stack.write('compose.yaml', A);
    await eventually(async () => expect(await namesOf()).toEqual(['live-a-1']));
    await eventually(async () =>
      expect((await stack.stack()).services.map(({ name }) => name)).toEqual(['idle', 'a']),
    );
    await eventually(async () => expect(await docker('ps', '-aq', '--filter', 'name=live-b')).toBe(''));
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'live is down\n', stderr: '' });
    expect(await engine.left()).toEqual([]);
    expect((await stack.run('down')).stdout).toBe('Nothing was running.\n');
  });

  it('of the contract that loses a service removes its container, unless another depends on it', async () => {
    const project = `${A}  b: { ${SERVER}, ports: ["80"] }\n  c: { ${SERVER}, ports: ["80"], depends_on: [d] }\n  d: { ${SERVER}, ports: ["80"] }\n`;
    const names = ['a', 'b', 'c', 'd'].map((name) => `${name}: { compose: ${name} }`);
    const LISTED = 'compose: { include: listed }\n';
    open(contractWith(IDLE, ...names) + LISTED, project);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    for (const name of ['b', 'd']) await stack.until(name, 'ready');
    stack.write('portramp.yaml', contractWith(IDLE, 'a: { compose: a }', 'c: { compose: c }') + LISTED);
    await eventually(async () => expect(await docker('ps', '-aq', '--filter', 'name=live-b')).toBe(''));
    expect(await docker('ps', '-aq', '--filter', 'name=live-d')).not.toBe('');
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'live is down\n', stderr: '' });
    expect(await engine.left()).toEqual([]);
  });

  it('that loses a service of the contract is refused, and down ends', async () => {
    open(contractWith(IDLE, 'a: { compose: a }', 'b: { compose: b }'), AB);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.write('compose.yaml', A);
    await untilRefused();
    expect((await stack.service('b')).state).toBe('ready');
    const down = await stack.run('down');
    const left = await engine.left();
    stack.write('compose.yaml', AB);
    expect({ ...down, left }).toEqual({ code: 0, stdout: 'live is down\n', stderr: '', left: [] });
  });

  it('does not take what somebody else started in the same project', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.write('tools.yaml', `services: { tool: { ${SERVER}, network_mode: none } }`);
    const [program, ...words] = engine.compose.command;
    const up = [...words, '--project-name', 'live', '--file', 'tools.yaml', 'up', '--detach'];
    await promisify(execFile)(program, up, { cwd: stack.root });
    expect((await namesOf()).sort()).toEqual(['live-a-1', 'live-tool-1']);
    expect((await stack.run('down')).code).toBe(0);
    expect(await namesOf()).toEqual(['live-tool-1']);
    await docker('rm', '-f', 'live-tool-1');
  });

  it('says that containers could not be removed, and then can be asked again', async () => {
    open(contractWith(IDLE, 'a: { compose: a }'), A);
    // A Compose that can be told to refuse what ends containers.
    const words = engine.compose.command.map((word) => `'${word}'`).join(' ');
    stack.write(
      'stubborn',
      `#!/bin/sh\nif [ -e "${stack.root}/refuse" ]; then for word; do case $word in stop|down|rm) echo no >&2; exit 9;; esac; done; fi\nexec ${words} "$@"\n`,
    );
    chmodSync(join(stack.root, 'stubborn'), 0o755);
    machine.environment['PORTRAMP_COMPOSE'] = join(stack.root, 'stubborn');
    expect((await stack.run('dev', '-d')).code).toBe(0);
    stack.write('refuse', '');
    const { code, stdout, stderr } = await stack.run('down');
    rmSync(join(stack.root, 'refuse'));
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/containers of live were not removed: Compose says: no/);
    expect(stderr).toMatch(/hint: /);
    expect(await namesOf()).toEqual(['live-a-1']);
    const { stdout: log } = await stack.run('logs', 'a');
    expect(log).toContain('could not be stopped: Compose says: no');
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'live is down\n' });
  });
});
