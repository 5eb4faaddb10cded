/** Bad contracts on the command line: a message with its place and a hint, its exit code, and nothing is started. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMachine, openWorkspace, processesOf, type Machine } from '../workspace.ts';

const GALLERY = resolve(import.meta.dirname, '../../../fixtures/contracts/bad');

let machine: Machine;

beforeAll(() => {
  machine = createMachine();
});
afterAll(() => machine.close());

/** What stands before every finding: file, line and column. */
const PLACE = /^portramp\.yaml:\d+:\d+ .*(error|warning) .*PR\d{3}/m;

describe('a bad contract', () => {
  it.each(readdirSync(GALLERY))('%s is refused by check', async (name) => {
    const workspace = openWorkspace(machine, machine.folder(name));
    workspace.write('portramp.yaml', '');
    workspace.contract(readFileSync(join(GALLERY, name), 'latin1'));
    const { code, stdout, stderr } = await workspace.run('check');
    expect(stdout).toMatch(PLACE);
    expect(stdout).toMatch(/hint:/);
    expect(stderr).toBe('');
    // What cannot be read is worse than what is wrong.
    expect(code).toBe(/ PR001 /.test(stdout) ? 2 : 1);
  });

  it.each(readdirSync(GALLERY))('%s is refused by dev', async (name) => {
    const workspace = openWorkspace(machine, machine.folder(`dev-${name}`));
    workspace.write('portramp.yaml', '');
    workspace.contract(readFileSync(join(GALLERY, name), 'latin1'));
    // This one is only wrong where it is asked for.
    const environment = name === 'bad-environment.yaml' ? ['--env', 'test'] : [];
    const { code, stderr } = await workspace.run('dev', '-d', ...environment);
    expect(stderr).toMatch(PLACE);
    expect(stderr).toMatch(/hint:/);
    expect(code).toBe(2);
  });

  it('is refused by dev, with all findings at once, and nothing is started', async () => {
    const workspace = machine.workspace(
      'shop',
      `version: 1
workspace: shop
services:
  web: { comand: npm run dev, consumes: [apii] }
  api: { command: npm run dev, dir: nowhere }
`,
    );
    for (const args of [['dev'], ['dev', '-d']]) {
      const { code, stderr } = await workspace.run(...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/portramp\.yaml:4:10 .*comand/);
      expect(stderr).toMatch(/did you mean "command"/);
    }
    expect((await machine.ls()).stacks).toEqual([]);
  });

  it('names the directory that is not there', async () => {
    const workspace = machine.workspace(
      'nowhere',
      'version: 1\nworkspace: nowhere\nservices:\n  api: { command: npm run dev, dir: nowhere }\n',
    );
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(2);
    expect(stdout).toMatch(/portramp\.yaml:4:\d+ .*the directory nowhere does not exist/);
  });

  it('with ten thousand services is checked as a whole', async () => {
    const services = Array.from(
      { length: 10_000 },
      (_, index) => `  s${index}: { command: "true", consumes: [s${index + 1}] }`,
    );
    const workspace = machine.workspace(
      'many',
      `version: 1\nworkspace: many\nservices:\n${services.join('\n')}\n`,
    );
    const { code, stdout } = await workspace.run('check');
    expect(code).toBe(1);
    expect(stdout).toMatch(/s10000/);
  });
});

describe('a good contract', () => {
  it('is said to be fine, without a daemon', async () => {
    const private_ = createMachine();
    const workspace = private_.workspace(
      'shop',
      'version: 1\nworkspace: shop\nservices:\n  api: { command: "true" }\n',
    );
    expect(await workspace.run('check')).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse((await workspace.run('check', '--json')).stdout)).toMatchObject({
      version: 1,
      diagnostics: [],
    });
    expect(processesOf(private_.home)).toEqual([]);
    await private_.close();
  });
});

describe('names that do not exist', () => {
  it('get a "did you mean"', async () => {
    const workspace = machine.workspace(
      'typo',
      'version: 1\nworkspace: typo\ngroups: { backend: [api] }\nservices:\n  api: { command: sleep 1000, ports: false }\n',
    );
    expect(await workspace.run('dev', '-d', 'backnd')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no service or group "backnd"[^]*did you mean "backend"/) as string,
    });
    expect(await workspace.run('url', 'apii')).toMatchObject({ code: 2 });
    expect(await workspace.run('dev', '-d', '--env', 'tset')).toMatchObject({ code: 2 });
    expect(await machine.run(['lss'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/Did you mean ls/) as string,
    });
    expect(await workspace.run('stop', 'api')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nothing is running/) as string,
    });
  });
});
