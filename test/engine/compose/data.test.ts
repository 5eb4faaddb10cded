/** PostgreSQL and Redis for real: the rows of the main checkout stay, whatever a branch does. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';
import { SERVERS, importServers } from '../servers.ts';

const engine = await findTestEngine();
const servers = engine && (await importServers(engine));

const START = [
  'test -e /data/db/PG_VERSION || { initdb -D /data/db -U app --auth=trust -E UTF8 --locale=C --no-sync',
  'echo host all all all trust >> /data/db/pg_hba.conf; }',
  'exec postgres -D /data/db -c listen_addresses=* -c unix_socket_directories=/tmp',
].join('; ');
/** Names are pinned as people pin them: by itself every checkout would have the same data. */
const PROJECT = `
services:
  db:
    image: ${SERVERS}
    container_name: shop-db
    user: server
    init: true
    stop_signal: SIGINT
    command: [sh, -c, '${START}']
    ports: ["5432:5432"]
    volumes: ["rows:/data"]
  cache:
    image: ${SERVERS}
    user: server
    init: true
    command: [redis-server, --dir, /data, --appendonly, "yes", --appendfsync, always, --protected-mode, "no"]
    ports: ["6379:6379"]
    volumes: ["keys:/data"]
volumes:
  rows: { name: shop-rows }
  keys: {}
`;
const CONTRACT = `version: 1
workspace: shop
services:
  db: { compose: db }
  cache: { compose: cache }
  idle: { command: sleep 1000, ports: false }
`;

describe.skipIf(servers === undefined)('the data of the main checkout', () => {
  if (engine === undefined || servers === undefined) return;
  const { docker } = engine;
  const { sql, redis } = servers;
  let machine: Machine;
  let main: Workspace;
  let before = '';

  const ok = async (stack: Workspace, ...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await stack.run(...words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const urlOf = async (stack: Workspace, service: 'db' | 'cache'): Promise<string> => {
    const { host } = new URL(await ok(stack, 'url', service));
    return service === 'db' ? `postgres://app@${host}/postgres` : `redis://${host}`;
  };
  const dev = async (stack: Workspace): Promise<void> => {
    await ok(stack, 'dev', '-d');
    await stack.until('db', 'ready');
    await stack.until('cache', 'ready');
  };
  const insert = async (stack: Workspace, text: string): Promise<void> => {
    const db = await urlOf(stack, 'db');
    await sql(db, `create table if not exists t (text text); insert into t values ('${text}')`);
    await redis(await urlOf(stack, 'cache'), 'rpush', 't', text);
  };
  /** What both servers hold. */
  const rowsOf = async (stack: Workspace): Promise<string[]> => {
    const db = await urlOf(stack, 'db');
    const isThere = await sql(db, `select to_regclass('t') is not null`);
    const rows = isThere === 't' ? await sql(db, `select string_agg(text, ',' order by text) from t`) : '';
    const keys = await redis(await urlOf(stack, 'cache'), '--raw', 'lrange', 't', '0', '-1');
    return [rows, keys.split('\n').toSorted().join(',')];
  };
  const containersOfMain = (): Promise<string> =>
    docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'shop-db', 'shop-cache-1');
  const expectMainUntouched = async (): Promise<void> => {
    expect(await rowsOf(main)).toEqual(['main', 'main']);
    expect(await containersOfMain()).toBe(before);
  };
  const volumes = async (): Promise<string[]> => (await docker('volume', 'ls', '-q')).split('\n').toSorted();
  const volumesOf = (branch: string): string[] => [`shop-${branch}_keys`, `shop-${branch}_rows`];
  const openBranch = async (name: string): Promise<Workspace> => {
    const root = join(main.root, '..', name);
    await main.git('worktree', 'add', '-q', '-b', name, root);
    const branch = openWorkspace(machine, root);
    await dev(branch);
    return branch;
  };

  beforeAll(async () => {
    machine = engine.createMachine();
    main = machine.workspace('shop', CONTRACT);
    main.write('compose.yaml', PROJECT);
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'x');
    await dev(main);
    await insert(main, 'main');
    before = await containersOfMain();
  });
  afterAll(async () => {
    try {
      await main.run('down', '--volumes');
      expect(await engine.left()).toEqual([]);
      expect(await docker('volume', 'ls', '-q')).toBe('');
    } finally {
      await machine.close();
    }
  });

  it('is untouched by dev, restart, down and down --volumes of a branch, which has data of its own', async () => {
    const branch = await openBranch('feature');
    expect(await rowsOf(branch)).toEqual(['', '']);
    await insert(branch, 'feature');
    await ok(branch, 'restart', 'db', 'cache');
    await eventually(async () => expect(await rowsOf(branch)).toEqual(['feature', 'feature']));
    await expectMainUntouched();
    await ok(branch, 'down');
    await expectMainUntouched();
    await dev(branch);
    expect(await rowsOf(branch)).toEqual(['feature', 'feature']);
    await ok(branch, 'down', '--volumes');
    expect(await volumes()).toEqual(['shop-rows', 'shop_keys']);
    await expectMainUntouched();
  });

  it('is untouched by three branches at once, each of which has rows of its own', async () => {
    const names = ['one', 'two', 'three'];
    for (const name of names) {
      await main.git('worktree', 'add', '-q', '-b', name, join(main.root, '..', name));
    }
    const branches = names.map((name) => openWorkspace(machine, join(main.root, '..', name)));
    const [one, two, three] = branches;
    if (one === undefined || two === undefined || three === undefined) throw new Error('unreachable');
    await Promise.all(branches.map(dev));
    await Promise.all(branches.map((branch, index) => insert(branch, names[index] ?? '')));
    const expectOwn = async (branch: Workspace, name: string): Promise<void> =>
      eventually(async () => expect(await rowsOf(branch)).toEqual([name, name]));
    for (const [index, branch] of branches.entries()) await expectOwn(branch, names[index] ?? '');
    await expectMainUntouched();
    // Each does something else, at the same time.
    await Promise.all([
      ok(one, 'restart', 'db', 'cache'),
      ok(two, 'down', '--volumes'),
      ok(three, 'compose', 'restart', 'db', 'cache'),
    ]);
    await Promise.all([expectOwn(one, 'one'), expectOwn(three, 'three')]);
    expect(await volumes()).toEqual(
      ['shop-rows', 'shop_keys', ...['one', 'three'].flatMap((name) => volumesOf(name))].toSorted(),
    );
    await expectMainUntouched();
    await Promise.all([ok(one, 'down', '--volumes'), ok(three, 'down', '--volumes'), dev(two)]);
    expect(await rowsOf(two)).toEqual(['', '']);
    await expectMainUntouched();
    await ok(two, 'down', '--volumes');
    expect(await volumes()).toEqual(['shop-rows', 'shop_keys']);
    await expectMainUntouched();
  });

  it('is untouched by what removes the rest of a branch whose checkout is gone', async () => {
    const branch = await openBranch('gone');
    await insert(branch, 'gone');
    await ok(branch, 'down');
    rmSync(branch.root, { recursive: true });
    const { code, stdout, stderr } = await machine.run(['clean', '--volumes']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/shop-gone left behind: 2 volumes/);
    expect(await volumes()).toEqual(['shop-rows', 'shop_keys']);
    await expectMainUntouched();
  });
});
