/** What the user chose for Compose itself (names, profiles, env files) counts, or is refused with words. No engine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findTestCompose } from '../../compose-binary.ts';
import { NEEDS } from '../../unit/compose/needs.ts';
import { createMachine, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

const binary = await findTestCompose();

let machine: Machine;
beforeEach(() => {
  machine = createMachine();
  machine.environment['PORTRAMP_COMPOSE'] = binary?.command.join(' ');
});
afterEach(() => machine.close());

/** A repository with these files, and a worktree of it. */
async function openWorktree(files: Record<string, string>): Promise<{ main: Workspace; feature: Workspace }> {
  const main = openWorkspace(machine, machine.folder('shop'));
  for (const [path, text] of Object.entries(files)) main.write(path, text);
  await main.git('init', '-q', '-b', 'main');
  await main.git('add', '-A');
  await main.git('commit', '-qm', 'x');
  const place = join(main.root, '../a worktree');
  await main.git('worktree', 'add', '-q', '-b', 'feature', place);
  return { main, feature: openWorkspace(machine, place) };
}

const PROJECT = 'services: { web: { image: x, ports: ["8080:80"] } }';

describe.skipIf(binary === undefined)('a project that is named in so many words', () => {
  it.each([
    [['-p', 'test', 'down', '-v'], {}, 'leave out -p'],
    [['--project-name=test', 'up'], {}, 'leave out -p'],
    [['down', '-v'], { COMPOSE_PROJECT_NAME: 'test' }, 'unset COMPOSE_PROJECT_NAME'],
  ])('is not exchanged for that of the stack: %j with %j', async (words, environment, hint) => {
    const { feature } = await openWorktree({ 'compose.yaml': PROJECT });
    const { code, stdout, stderr } = await machine.run(['compose', ...words], {
      cwd: feature.root,
      env: { ...machine.environment, ...environment },
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /test names another Compose project than that of this stack, which is "shop-feature"/,
    );
    expect(stderr).toContain(`hint: ${hint} for this stack; for the other project: docker compose -p test `);
  });

  it('may be that of the stack, and counts in the main checkout', async () => {
    const { main, feature } = await openWorktree({ 'compose.yaml': PROJECT });
    const nameIn = async (workspace: Workspace, name: string) => {
      const { stdout } = await workspace.run('compose', '-p', name, 'config', '--format', 'json');
      return (JSON.parse(stdout) as { name: string }).name;
    };
    expect(await nameIn(feature, 'shop-feature')).toBe('shop-feature');
    expect(await nameIn(main, 'test')).toBe('test');
    const { stdout } = await main.run('override', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ workspace: 'shop', stack: 'shop', project: 'shop' });
  });

  it('leads by the command that the override tells to the project of the stack, whatever .env says', async () => {
    const { feature } = await openWorktree({
      'compose.yaml': PROJECT,
      '.env': 'COMPOSE_PROJECT_NAME=shop\n',
    });
    const { stdout, stderr } = await feature.run('override');
    expect(stderr).toContain('COMPOSE_PROJECT_NAME=shop counts more than the name in the file');
    expect(stderr).toContain('-p shop-feature');
    const file = join(machine.folder('override'), 'override.yaml');
    writeFileSync(file, stdout);
    const [, words = ''] = /^# docker compose (.*) up$/m.exec(stdout) ?? [];
    const command = `${binary?.command.join(' ') ?? ''} ${words.replace('THIS_FILE', file)} config --format json`;
    const project = JSON.parse(
      execFileSync('sh', ['-c', command], { cwd: feature.root, encoding: 'utf8' }),
    ) as { name: string };
    expect(project.name).toBe('shop-feature');
  });
});

const behindProfile = (needs: string): string =>
  `services: { web: { image: x, ${needs} }, db: { image: x, profiles: [data] } }`;

it.skipIf(binary === undefined).each(NEEDS)(
  'is refused by Compose too: a need behind a profile, by %s',
  (needs) => {
    const folder = machine.folder('shop');
    writeFileSync(join(folder, 'compose.yaml'), behindProfile(needs));
    const [program = '', ...words] = binary?.command ?? [];
    const { status, stderr } = spawnSync(program, [...words, 'config', '-q'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/depends on undefined service|declares unknown service/);
  },
);

describe.each([['with Compose'], ['without Compose']])('a need behind a profile, %s', (name) => {
  it.skipIf(name === 'with Compose' && binary === undefined)('is refused by override and check', async () => {
    if (name === 'without Compose') machine.environment['PORTRAMP_COMPOSE'] = '/nowhere/docker-compose';
    const project = openWorkspace(machine, machine.folder('shop'));
    project.write('compose.yaml', behindProfile('links: [db]'));
    for (const command of ['override', 'check']) {
      const { code, stderr } = await project.run(command);
      expect(code).toBe(1);
      expect(stderr).toContain(
        'web needs db, which has the profile "data" that is not on: Compose refuses that',
      );
      expect(stderr).toContain('hint: set COMPOSE_PROFILES=data in the shell or in .env');
    }
    project.write('.env', 'COMPOSE_PROFILES=data\n');
    for (const command of ['override', 'check']) expect((await project.run(command)).code).toBe(0);
  });
});
