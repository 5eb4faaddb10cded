/** What all branches share: one container, one number, and a database of its own for each stack. */
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

/** A store of databases that are files; `make` and `list` are how one is made and all are seen. */
const COMPOSE = `
services:
  store:
    image: portramp/test:1
    stop_signal: SIGKILL
    command:
      - sh
      - -c
      - |
        head="printf 'Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n'"
        { echo '#!/bin/sh'; echo "$$head"; echo 'echo x > /data/$$QUERY_STRING'; } > /www/cgi-bin/make
        { echo '#!/bin/sh'; echo "$$head"; echo 'cd /data; echo *'; } > /www/cgi-bin/list
        chmod 755 /www/cgi-bin/make /www/cgi-bin/list
        exec httpd -f -p 5432 -h /www
    ports: ["5432:5432"]
    volumes: ["data:/data"]
    healthcheck: { test: [CMD, wget, -qO-, http://127.0.0.1:5432/cgi-bin/list], interval: 300ms, retries: 30 }
  web:
    image: portramp/test:1
    stop_signal: SIGKILL
    command:
      - sh
      - -c
      - |
        { echo '#!/bin/sh'; echo "printf 'Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n'"; echo "exec wget -qO- http://store:5432/cgi-bin/list"; } > /www/cgi-bin/hop
        chmod 755 /www/cgi-bin/hop
        exec httpd -f -p 80 -h /www
    ports: ["8080:80"]
    depends_on: { store: { condition: service_healthy } }
volumes: { data: {} }
`;

const CONTRACT = `version: 1
workspace: crew
services:
  api:
    command: [${process.execPath}, server.js]
    consumes: [db]
  db:
    compose: store
    scope: workspace
    ports: { http: { container: 5432 } }
    url: http://\${self.host}:\${self.port}/cgi-bin/make?app_\${stack.ident}
    cleanup: busybox rm /data/app_\${stack.ident}
`;

/** Makes its database, then answers. */
const SERVER = `
const http = require('node:http');
fetch(process.env.DB_URL).then((made) => made.text()).then(() => {
  http.createServer((request, response) => response.end(process.env.DB_URL)).listen(process.env.PORT, process.env.HOST);
});
`;

describe.skipIf(engine === undefined)('a service that all branches share', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let main: Workspace;
  let fix: Workspace;
  let pay: Workspace;

  beforeAll(async () => {
    machine = engine.createMachine();
    main = openWorkspace(machine, machine.folder('crew'));
    main.write('compose.yaml', COMPOSE);
    main.write('server.js', SERVER);
    main.contract(CONTRACT);
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'crew');
    for (const branch of ['fix', 'pay'])
      await main.git('worktree', 'add', '-q', '-b', branch, `../tree-${branch}`);
    [fix, pay] = ['fix', 'pay'].map((name) => openWorkspace(machine, join(main.root, `../tree-${name}`))) as [
      Workspace,
      Workspace,
    ];
  });

  afterAll(async () => {
    try {
      for (const stack of [main, fix, pay]) await stack.run('down');
      expect(await engine.left()).toEqual([]);
      // No `down` removes data.
      await docker('volume', 'rm', await docker('volume', 'ls', '-q', '--filter', 'name=crew_shared_'));
    } finally {
      await machine.close();
    }
  });

  const storesNow = async (): Promise<string[]> =>
    (await docker('ps', '-a', '--format', '{{.Names}} {{.ID}}'))
      .split('\n')
      .filter((line) => line.includes('-store-'));
  const databases = async (): Promise<string[]> => {
    const [name = ''] = (await storesNow())[0]?.split(' ') ?? [];
    return (await docker('exec', name, 'sh', '-c', 'cd /data; echo *')).split(' ');
  };
  const start = async (stack: Workspace): Promise<void> => {
    const { code, stderr, stdout } = await stack.run('dev', '-d');
    expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
  };
  const told = async (stack: Workspace): Promise<Record<string, string>> =>
    (JSON.parse((await stack.run('env', 'api', '--json')).stdout) as { env: Record<string, string> }).env;

  it('is started once, by the first of stacks that start together, and has one number for all', async () => {
    await Promise.all([main, fix, pay].map(start));
    const [only, ...more] = await storesNow();
    expect(only).toMatch(/^crew_shared_[0-9a-f]{6}-store-1 /);
    expect(more).toEqual([]);
    const environments = await Promise.all([main, fix, pay].map(told));
    expect(new Set(environments.map((env) => env['DB_PORT'])).size).toBe(1);
    expect(new Set(environments.map((env) => env['PORT'])).size).toBe(3);
    expect(await databases()).toEqual(['app_crew', 'app_crew_fix', 'app_crew_pay']);
    const { stdout } = await main.run('why', String(environments[0]?.['DB_PORT']));
    expect(stdout).toContain('leased to store.5432/tcp');
    expect(stdout).not.toContain('stranger');
  });

  it('is found by the containers of every stack under its own name, and they not by each other', async () => {
    for (const slug of ['crew', 'crew-fix', 'crew-pay']) {
      const { body } = await machine.get(`web.${slug}.localhost`, '/cgi-bin/hop');
      expect(body.trim()).toBe('app_crew app_crew_fix app_crew_pay');
    }
    const [network] = (await docker('network', 'ls', '--format', '{{.Name}}'))
      .split('\n')
      .filter((name) => name.startsWith('crew_shared_'));
    const format = `{{json (index .NetworkSettings.Networks "${network}").Aliases}}`;
    expect(await docker('inspect', '--format', format, 'crew-fix-web-1')).not.toContain('"web"');
  });

  it('is in no project of a stack', async () => {
    const { stdout } = await fix.run('compose', 'config', '--services');
    expect(stdout).toBe('web\n');
    const asked = await fix.run('compose', 'exec', '-T', 'store', 'sh', '-c', 'cd /data; echo *');
    expect(asked).toMatchObject({ code: 0, stdout: 'app_crew app_crew_fix app_crew_pay\n' });
    const { shared } = JSON.parse((await fix.run('override', '--json')).stdout) as { shared: string[] };
    expect(shared).toEqual(['store']);
    expect((await fix.stack()).services.map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      'api ready',
      'db ready',
      'web ready',
    ]);
  });

  it('is where run runs, with its data and its network; what would change it for all is refused', async () => {
    const before = await storesNow();
    const volumes = await docker('volume', 'ls', '-q');
    const run = (...words: string[]) =>
      fix.run('compose', 'run', '--rm', '-T', '-e', 'WHERE=web', 'store', ...words);
    expect(await run('sh', '-c', 'cd /data; echo *')).toMatchObject({
      code: 0,
      stdout: 'app_crew app_crew_fix app_crew_pay\n',
    });
    expect(await run('wget', '-qO-', 'http://store:5432/cgi-bin/list')).toMatchObject({ code: 0 });
    expect(await docker('volume', 'ls', '-q')).toBe(volumes);
    for (const [words, hint] of [
      [['up', '-d', 'store'], 'portramp dev -d db'],
      [['stop', 'store'], 'portramp stop db'],
      [['restart', 'store'], 'portramp restart db'],
      [['kill', 'store'], `docker compose -p ${before[0]?.split('-store-')[0]} kill store`],
      [['logs', 'web', 'store'], 'portramp compose logs store'],
    ] as const) {
      const { code, stderr } = await fix.run('compose', ...words);
      expect(code).toBe(2);
      expect(stderr).toContain(hint);
    }
    expect(await storesNow()).toEqual(before);
    for (const words of [
      ['dev', '-d', 'db'],
      ['restart', 'db'],
      ['compose', 'logs', 'store'],
    ])
      expect(await fix.run(...words)).toMatchObject({ code: 0 });
    await fix.until('db', 'ready');
    expect(await storesNow()).toEqual(before);
  });

  it('is not stopped for one stack while others use it', async () => {
    const before = await storesNow();
    expect((await fix.run('stop', 'db')).code).toBe(0);
    await fix.until('db', 'idle');
    expect(await storesNow()).toEqual(before);
    await main.until('db', 'ready');
    await start(fix);
    expect((await fix.run('start', 'db')).code).toBe(0);
    await fix.until('db', 'ready');
    expect(await storesNow()).toEqual(before);
  });

  it('stays as it is where a checkout would have it otherwise, which is told', async () => {
    const before = await storesNow();
    const toldBefore = (await fix.run('logs', 'db')).stdout;
    expect(toldBefore).not.toContain('not what the files here say');
    fix.write('compose.yaml', COMPOSE.replace('stop_signal: SIGKILL', 'stop_signal: SIGTERM'));
    expect((await fix.run('restart', 'db')).code).toBe(0);
    await fix.until('db', 'ready');
    await eventually(async () =>
      expect((await fix.run('logs', 'db')).stdout).toMatch(
        /runs as .*crew.* had it started, which is not what the files here say/,
      ),
    );
    expect(await storesNow()).toEqual(before);
    fix.write('compose.yaml', COMPOSE);
  });

  it('outlives the stack that started it, whose database is gone', async () => {
    const before = await storesNow();
    expect(await main.run('down')).toMatchObject({ code: 0, stdout: 'crew is down\n', stderr: '' });
    expect(await storesNow()).toEqual(before);
    expect(await databases()).toEqual(['app_crew_fix', 'app_crew_pay']);
    await fix.until('db', 'ready');
    expect((await machine.get('web.crew-fix.localhost', '/cgi-bin/hop')).status).toBe(200);
  });

  it('is kept for a stack that was only interrupted, and cleaned up when that is taken down', async () => {
    const { pid = 0 } = await fix.stack();
    process.kill(pid, 'SIGINT');
    await eventually(async () =>
      expect((await machine.ls()).stacks.map(({ stack }) => stack)).toEqual(['crew-pay']),
    );
    expect(await databases()).toEqual(['app_crew_fix', 'app_crew_pay']);
    expect(await fix.run('down')).toMatchObject({ code: 0, stdout: 'crew-fix is down\n', stderr: '' });
    expect(await databases()).toEqual(['app_crew_pay']);
    await pay.until('db', 'ready');
  });

  it('is removed with the last stack, and a cleanup that fails is told and stops nothing', async () => {
    const [name = ''] = (await storesNow())[0]?.split(' ') ?? [];
    await docker('exec', name, 'busybox', 'rm', '/data/app_crew_pay');
    const { code, stdout, stderr } = await pay.run('down');
    expect(`${code} ${stdout}`).toBe('0 crew-pay is down\n');
    expect(stderr).toMatch(
      /the cleanup of db failed: it ended with code 1: rm: can't remove '\/data\/app_crew_pay'/,
    );
    expect(await engine.left()).toEqual([]);
  });

  it('has the same number, and its data, when it is started again', async () => {
    const before = await told(pay);
    await start(pay);
    expect((await told(pay))['DB_PORT']).toBe(before['DB_PORT']);
    expect(await databases()).toEqual(['app_crew_pay']);
    expect((await pay.run('down')).code).toBe(0);
  });

  it('is there for docker compose too', async () => {
    const { code, stderr } = await fix.run('compose', 'up', '-d');
    expect(`${code} ${code === 0 ? '' : stderr}`).toBe('0 ');
    expect(stderr).toContain('store is shared by all branches');
    const ask = ['exec', '-T', 'web', 'wget', '-qO-', 'http://store:5432/cgi-bin/list'];
    expect((await fix.run('compose', ...ask)).stdout.trim()).toBe('*');
    expect((await fix.run('compose', 'up', '-d', '--force-recreate')).code).toBe(0);
    expect((await fix.run('compose', ...ask)).code).toBe(0);
    expect((await fix.run('compose', 'down', '--timeout', '0')).code).toBe(0);
    expect(await storesNow()).toHaveLength(1);
    expect((await fix.run('down')).stdout).toBe('crew-fix is down\n');
    expect(await storesNow()).toEqual([]);
  });

  it('is removed by the last down also when it was stopped before', async () => {
    await start(fix);
    expect((await fix.run('stop', 'db')).code).toBe(0);
    await fix.until('db', 'idle');
    expect(await storesNow()).toHaveLength(1);
    expect((await fix.run('down')).code).toBe(0);
    expect(await storesNow()).toEqual([]);
  });

  it('is let go of when the contract shares it no more', async () => {
    await start(fix);
    const { pid = 0 } = await fix.stack();
    process.kill(pid, 'SIGINT');
    await eventually(async () => expect((await machine.ls()).stacks).toEqual([]));
    fix.contract(CONTRACT.replace('    scope: workspace\n', ''));
    expect(await fix.run('down')).toMatchObject({ code: 0, stdout: 'crew-fix is down\n' });
    expect(await docker('ps', '-aq')).toBe('');
    fix.contract(CONTRACT);
  });
});
