/** Several checkouts of one workspace, all running at once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, openWorkspace, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const CONTRACT = `
version: 1
workspace: shop
services:
  web: { command: ${node('server.js')}, consumes: [api] }
  api: { command: ${node('server.js')}, env: { DATABASE: app_\${stack.ident}, INDEX: "\${stack.index}" } }
`
  .replace('env: { DATABASE: app_${stack.ident}, INDEX: "${stack.index}" }', 'env: *env')
  .replace('services:', 'x-env: &env\n  DATABASE: app_${stack.ident}\n  INDEX: ${stack.index}\nservices:');

/** The main checkout and four worktrees of it. */
async function checkOut(): Promise<Workspace[]> {
  const main = machine.workspace('shop', CONTRACT);
  await main.git('init', '--quiet', '--initial-branch=main');
  await main.git('add', '.');
  await main.git('commit', '--quiet', '-m', 'one');
  const add = async (folder: string, ...args: string[]): Promise<Workspace> => {
    const root = `${main.root}-${folder}`;
    await main.git('worktree', 'add', '--quiet', root, ...args);
    return openWorkspace(machine, root);
  };
  return [
    main,
    await add('one', '-b', 'feature/auth'),
    await add('two', '-b', 'bugfix/auth'),
    await add('three', '-b', '日本語/ブランチ'),
    await add('four', '--detach'),
  ];
}

interface Told {
  readonly env: Record<string, string>;
  readonly cwd: string;
}

describe('five checkouts of one workspace', () => {
  it('run at once with other ports, other hosts, and siblings of their own', async () => {
    const checkouts = await checkOut();
    const ups = await Promise.all(checkouts.map((checkout) => checkout.run('dev', '-d')));
    // A slow machine makes `dev -d` say what it waits for.
    expect(ups.map(({ code, stderr }) => (code === 0 ? '' : `${code} ${stderr}`))).toEqual(
      checkouts.map(() => ''),
    );
    const { stacks } = await machine.ls();
    const slugs = stacks.map(({ stack }) => stack);
    expect(slugs).toHaveLength(5);
    expect(new Set(slugs).size).toBe(5);
    expect(slugs).toEqual(expect.arrayContaining(['shop', 'shop-feature-auth', 'shop-bugfix-auth']));
    const ports = stacks.flatMap(({ services }) => services.flatMap((service) => service.ports));
    expect(new Set(ports.map(({ port }) => port)).size).toBe(10);
    const hosts = ports.flatMap((port) => port.hosts);
    expect(new Set(hosts).size).toBe(hosts.length);
    expect(hosts.filter((host) => host === 'web.localhost')).toHaveLength(1);

    const idents = new Set<string>();
    for (const { stack, root } of stacks) {
      const { stdout } = await openWorkspace(machine, root).run('url', 'api');
      const called = await machine.get(
        `web.${stack}.localhost`,
        `/call?url=${encodeURIComponent(stdout.trim())}`,
      );
      const { body } = JSON.parse(called.body) as { body: string };
      const api = JSON.parse(body) as Told;
      expect(api.cwd).toBe(root);
      expect(api.env['PORTRAMP_STACK']).toBe(stack);
      idents.add(api.env['DATABASE'] ?? '');
    }
    expect(idents.size).toBe(5);
    expect((JSON.parse((await machine.get('web.localhost')).body) as Told).cwd).toBe(checkouts[0]?.root);
  });

  it('keep names and ports when everything restarts, when the branch is switched, and when one goes', async () => {
    const [main, one] = (await checkOut()) as [Workspace, Workspace];
    await Promise.all([main.run('dev', '-d'), one.run('dev', '-d')]);
    const before = (await one.stack()).services.map(({ ports }) => ports);
    await machine.run(['down', '--all']);
    await machine.run(['daemon', 'stop']);
    await one.git('switch', '--quiet', '-c', 'another');
    await one.run('dev', '-d');
    expect((await one.stack()).stack).toBe('shop-feature-auth');
    expect((await one.stack()).services.map(({ ports }) => ports)).toEqual(before);

    await one.run('down');
    await main.git('worktree', 'remove', '--force', one.root);
    expect((await machine.run(['clean'])).stdout).toMatch(/forgot shop-feature-auth/);
  });
});

describe('a branch that is switched under a stack that runs', () => {
  it('is told by ls, for good; the names stay, and in a worktree ls says so, with what to type', async () => {
    const main = machine.workspace('shop', CONTRACT);
    await main.git('init', '--quiet', '--initial-branch=main');
    await main.git('add', '.');
    await main.git('commit', '--quiet', '-m', 'one');
    const root = `${main.root}-one`;
    await main.git('worktree', 'add', '--quiet', root, '-b', 'one');
    const one = openWorkspace(machine, root);
    await Promise.all([main.run('dev', '-d'), one.run('dev', '-d')]);
    await Promise.all([
      main.git('switch', '--quiet', '-c', 'new'),
      one.git('switch', '--quiet', '-c', 'two'),
    ]);
    const told = async (): Promise<unknown> =>
      (await machine.ls()).stacks.map(({ stack, branch }) => [stack, branch]);
    const expected = [
      ['shop', 'new'],
      ['shop-one', 'two'],
    ];
    await eventually(async () => expect(await told()).toEqual(expected));
    const { stdout } = await machine.run(['ls']);
    const cure =
      /its names are not those of two: .*cd (\S+) && portramp (down) && portramp (clean shop-one) && portramp (dev)$/m;
    expect(stdout).toMatch(cure);
    expect(stdout).not.toContain('those of new');
    // The next daemon is told the same.
    await machine.run(['daemon', 'stop', '--force']);
    await machine.run(['daemon', 'start']);
    await eventually(async () => expect(await told()).toEqual(expected));
    await main.git('switch', '--quiet', '--detach');
    await eventually(async () => expect(await told()).toEqual([['shop', undefined], expected[1]]));

    const [, cwd = '', ...commands] = cure.exec(stdout) ?? [];
    for (const words of commands) {
      const args = words === 'dev' ? ['dev', '-d'] : words.split(' ');
      expect(await machine.run(args, { cwd })).toMatchObject({ code: 0 });
    }
    expect((await one.stack()).stack).toBe('shop-two');
    expect((await machine.run(['ls'])).stdout).not.toContain('its names are not');
  });
});

describe('two environments of one checkout', () => {
  it('are two stacks', async () => {
    const main = machine.workspace('shop', `${CONTRACT}environments:\n  test: {}\n`);
    await Promise.all([main.run('dev', '-d'), main.run('dev', '-d', '--env', 'test')]);
    expect((await machine.ls()).stacks.map(({ stack }) => stack)).toEqual(['shop', 'shop-test']);
    expect((await machine.get('api.shop-test.localhost')).status).toBe(200);
    expect((await main.run('down', '--env', 'test')).stdout).toBe('shop-test is down\n');
  });
});

describe('two workspaces of one name', () => {
  it('are told apart: the first keeps the names, the second says so', async () => {
    const first = machine.workspace('a/shop', CONTRACT);
    const second = machine.workspace('b/shop', CONTRACT);
    await first.run('dev', '-d');
    const dev = second.start('dev');
    await dev.prints(/the name "shop" belongs to/);
    await dev.prints(/web +│ ready/);
    const { stack } = await second.stack();
    expect(stack).toMatch(/^shop-[0-9a-f]+$/);
    expect((JSON.parse((await machine.get('web.localhost')).body) as Told).cwd).toBe(first.root);
    expect((JSON.parse((await machine.get(`web.${stack}.localhost`)).body) as Told).cwd).toBe(second.root);
  });
});
