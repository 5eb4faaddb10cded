/** `portramp override` and `portramp compose` without an engine: names, leases, and what can be wrong with a project. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findTestCompose } from '../../compose-binary.ts';
import { resolveProject } from '../../../src/runtime/compose/resolve.ts';
import { REFUSED } from '../../unit/compose/refused.ts';
import { createMachine, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

const binary = await findTestCompose();

const PROJECT = `
services:
  web: { image: x, container_name: the-web, ports: ["8080:80"], environment: { STACK: "\${PORTRAMP_STACK}" } }
  debug: { image: x, profiles: [tools], ports: ["9229:9229"] }
`;

interface Described {
  readonly stack: string;
  readonly project: string;
  readonly files: readonly string[];
  readonly override?: string;
  readonly ports: readonly { service: string; port: number; original?: string }[];
  readonly names: readonly { pinned: string; released: boolean }[];
}

let machine: Machine;
beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it is not there');
  return value;
}

const write = (workspace: Workspace, files: Record<string, string>): void => {
  for (const [path, text] of Object.entries(files)) workspace.write(path, text);
};

const describeIn = async (workspace: Workspace, ...words: string[]): Promise<Described> => {
  const { code, stdout, stderr } = await workspace.run('override', '--json', ...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Described;
};

const originals = ({ ports }: Described): string[] => ports.map(({ original }) => original ?? '-').sort();

/** A program that says it is Compose of this version. */
function pretendVersion(version: string): string {
  const path = join(machine.folder('bin'), `compose-${version}`);
  writeFileSync(path, `#!/bin/sh\necho ${version}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe.skipIf(binary === undefined)('with a real Compose', () => {
  beforeEach(() => {
    machine.environment['PORTRAMP_COMPOSE'] = binary?.command.join(' ');
  });

  it('names a folder without a contract after itself, and a worktree after its branch', async () => {
    const main = openWorkspace(machine, machine.folder('Shop_2'));
    write(main, { 'compose.yaml': PROJECT });
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
    await main.git('worktree', 'add', '-q', '-b', 'feature/pay', join(main.root, '../elsewhere'));
    const feature = openWorkspace(machine, join(main.root, '../elsewhere'));

    const first = await describeIn(main);
    expect(first).toMatchObject({ stack: 'shop-2', project: 'shop_2' });
    expect(first.names).toMatchObject([{ pinned: 'the-web', released: false }]);
    const second = await describeIn(feature);
    expect(second).toMatchObject({ stack: 'shop-2-feature-pay', project: 'shop-2-feature-pay' });
    expect(second.names).toMatchObject([{ pinned: 'the-web', released: true }]);
    expect(second.ports.map(({ service, original }) => [service, original])).toEqual([
      ['debug', '9229'],
      ['web', '8080'],
    ]);
    expect(second.ports.map(({ port }) => port)).not.toEqual(first.ports.map(({ port }) => port));
    expect(await describeIn(main)).toEqual(first);
  });

  it('publishes a port on TCP and UDP on one number', async () => {
    const workspace = openWorkspace(machine, machine.folder('names'));
    write(workspace, {
      'compose.yaml': 'services: { dns: { image: x, ports: ["53:53/udp", "53:53", "54:54/udp"] } }\n',
    });
    const { ports } = await describeIn(workspace);
    const [first, second, third] = ports.map(({ port }) => port);
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });

  it('releases a name that is that of its own stack by chance', async () => {
    const main = openWorkspace(machine, machine.folder('shop'));
    const named = 'container_name: shop-db, volumes: ["rows:/r"]';
    write(main, {
      'compose.yaml': `services:\n  db: { image: x, ${named} }\n  web: { image: x, container_name: "\${COMPOSE_PROJECT_NAME}-web" }\nvolumes: { rows: { name: shop-db-rows } }\n`,
    });
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
    const root = join(main.root, '../elsewhere');
    await main.git('worktree', 'add', '-q', '-b', 'db', root);
    const { stack, names } = await describeIn(openWorkspace(machine, root));
    expect(stack).toBe('shop-db');
    expect(names.map(({ pinned, released }) => [pinned, released])).toEqual([
      ['shop-db', true],
      ['shop-db-rows', true],
    ]);
  });

  it('is the stack of the contract where there is one, also from a folder below', async () => {
    const workspace = machine.workspace(
      'here',
      'version: 1\nworkspace: shop\nservices:\n  api: { command: sleep 1 }\n',
    );
    write(workspace, { 'infra/compose.yaml': PROJECT });
    const described = await describeIn(workspace, '-f', 'infra/compose.yaml');
    expect(described).toMatchObject({ stack: 'shop', project: 'infra' });
    expect(await describeIn(openWorkspace(machine, join(workspace.root, 'infra')))).toEqual(described);
  });

  it('reads the files that Compose would read, and writes a file that Compose reads', async () => {
    const workspace = openWorkspace(machine, machine.folder('files'));
    write(workspace, {
      'compose.yaml': PROJECT,
      'compose.override.yaml': 'services: { web: { ports: ["8081:81"] } }',
      'other.yaml': 'services: { other: { image: x, ports: ["1:1"] } }',
      '.env': 'COMPOSE_FILE=',
    });
    const described = await describeIn(workspace, '--write');
    expect(described.files).toEqual(
      ['compose.yaml', 'compose.override.yaml'].map((name) => join(workspace.root, name)),
    );
    expect(originals(described)).toEqual(['8080', '8081', '9229']);
    expect(readFileSync(described.override ?? '', 'utf8')).toContain('ports: !override');

    write(workspace, { '.env': 'COMPOSE_FILE=compose.yaml:other.yaml' });
    expect(originals(await describeIn(workspace))).toEqual(['1', '8080', '9229']);
    const chosen = await describeIn(workspace, '-f', 'other.yaml');
    expect(chosen.ports.map(({ original }) => original)).toEqual(['1']);
  });

  it('gives docker compose the files, the name and the variables of the stack', async () => {
    const workspace = openWorkspace(machine, machine.folder('passed'));
    write(workspace, { 'compose.yaml': PROJECT });
    const { code, stdout } = await workspace.run(
      'compose',
      '--profile',
      'tools',
      'config',
      '--format',
      'json',
    );
    expect(code).toBe(0);
    const { services } = JSON.parse(stdout) as {
      services: Record<string, { ports: object[]; environment?: object }>;
    };
    expect(services['web']?.environment).toEqual({ STACK: 'passed' });
    const { ports } = await describeIn(workspace);
    expect(services['debug']?.ports).toMatchObject([
      { host_ip: '127.0.0.1', published: String(ports.find(({ service }) => service === 'debug')?.port) },
    ]);
    expect((await workspace.run('compose', 'version', '--short')).stdout.trim()).toContain(
      binary?.version ?? '?',
    );
    expect((await workspace.run('compose', 'nonsense')).code).not.toBe(0);
  });

  it('leases a range where a command asks for more replicas', async () => {
    const workspace = openWorkspace(machine, machine.folder('scaled'));
    write(workspace, { 'compose.yaml': 'services: { web: { image: x, ports: ["80"], scale: 2 } }' });
    const [two] = (await describeIn(workspace)).ports;
    expect(two).toMatchObject({ ports: 2 });
    write(workspace, { 'compose.yaml': 'services: { web: { image: x, ports: ["80"], scale: 3 } }' });
    expect((await describeIn(workspace)).ports).toMatchObject([{ ports: 3 }]);
    write(workspace, { 'compose.yaml': 'services: { web: { image: x, ports: ["80"] } }' });
    const [one] = (await describeIn(workspace)).ports;
    expect(one).not.toHaveProperty('ports');
  });

  it('shares what x-portramp names, and nothing that is not there', async () => {
    const main = openWorkspace(machine, machine.folder('sharing'));
    const project = (share: string): string =>
      `x-portramp: { share: [${share}] }\nservices: { db: { image: x, volumes: ["cache:/c", "pinned:/p"] } }\nvolumes: { cache: {}, pinned: { name: p } }\n`;
    write(main, { 'compose.yaml': project('volumes.cache') });
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
    await main.git('worktree', 'add', '-q', '-b', 'other', join(main.root, '../tree'));
    const other = openWorkspace(machine, join(main.root, '../tree'));
    const { stdout } = await other.run('override');
    expect(stdout).toContain('cache:\n    name: sharing_cache\n');
    expect(stdout).toContain('pinned:\n    name: !reset null\n');
    write(other, { 'compose.yaml': project('volumes.cahce') });
    const { code, stderr } = await other.run('override');
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean "volumes.cache"?');
  });

  it.each([
    ['services: [', 'yaml: '],
    ['services: { a: { image: x, foo: 1 } }', 'Additional property foo is not allowed'],
    ['services: { a: { image: "${NOPE:?set it}" } }', 'set NOPE in the shell'],
    ['services: { a: { image: x, env_file: secret.env } }', 'copy it from the main checkout'],
  ])('says what is wrong with %s', async (text, expected) => {
    const workspace = openWorkspace(machine, machine.folder('wrong'));
    write(workspace, { 'compose.yaml': text });
    for (const command of [['override'], ['compose', 'up', '-d']]) {
      const { code, stdout, stderr } = await workspace.run(...command);
      expect(code).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toContain(expected);
      expect(stderr).toMatch(/hint: /);
      expect(stderr).not.toMatch(/\.[jt]s:|\n +at /);
    }
  });
});

it('says that there is no Compose file', async () => {
  machine.environment['PORTRAMP_COMPOSE'] = pretendVersion('2.30.0');
  const { code, stderr } = await machine.run(['override'], { cwd: machine.folder('empty') });
  expect(code).toBe(1);
  expect(stderr).toContain('there is no Compose file in ');
});

it('refuses a Compose that cannot replace ports', async () => {
  machine.environment['PORTRAMP_COMPOSE'] = pretendVersion('2.24.3');
  const folder = machine.folder('old');
  writeFileSync(join(folder, 'compose.yaml'), PROJECT);
  for (const command of [['override'], ['compose', 'up']]) {
    const { code, stderr } = await machine.run(command, { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Docker Compose is too old: .*compose-2\.24\.3 is 2\.24\.3\n.*hint: install/);
  }
});

describe('without any Compose', () => {
  beforeEach(() => {
    machine.environment['PORTRAMP_COMPOSE'] = join(machine.folder('bin'), 'not-there');
  });

  it('reads plain files itself and says that nobody checked the result', async () => {
    const workspace = openWorkspace(machine, machine.folder('plain'));
    write(workspace, { 'compose.yaml': PROJECT });
    const { code, stdout, stderr } = await workspace.run('override');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /web:\n    ports: !override\n      - \{ target: 80, published: "2\d{4}", host_ip: 127\.0\.0\.1/,
    );
    expect(stderr).toContain('was not checked');
  });

  it('refuses what it cannot read, with the place', async () => {
    const workspace = openWorkspace(machine, machine.folder('rich'));
    write(workspace, { 'compose.yaml': `${PROJECT}include: [x.yaml]\n` });
    const { code, stderr } = await workspace.run('override');
    expect(code).toBe(2);
    expect(stderr).toContain('compose.yaml:5:1');
    expect(stderr).toContain('"include" needs Compose itself');
  });

  it.skipIf(binary === undefined).each(REFUSED)('refuses what Compose refuses: %s', async (text) => {
    const workspace = openWorkspace(machine, machine.folder('refused'));
    write(workspace, { 'compose.yaml': text });
    expect((await workspace.run('override')).code).toBe(2);
    const call = { binary: required(binary), cwd: workspace.root, environment: process.env, profiles: ['*'] };
    await expect(
      resolveProject({ ...call, options: [], files: [join(workspace.root, 'compose.yaml')] }),
    ).rejects.toThrow();
  });

  it('has nothing to pass commands on to', async () => {
    const workspace = openWorkspace(machine, machine.folder('none'));
    write(workspace, { 'compose.yaml': PROJECT });
    mkdirSync(join(workspace.root, 'below'));
    const { code, stderr } = await workspace.run('compose', 'up', '-d');
    expect(code).toBe(1);
    expect(stderr).toContain('Docker Compose was not found');
  });
});
