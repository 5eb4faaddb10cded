/** What is watched over, and how: readiness, stops, tasks, sources, services that start on request. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, request, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const open = (services: string): Workspace =>
  machine.workspace('shop', `version: 1\nworkspace: shop\nservices:\n${services}`);

const logOf = async (shop: Workspace, service: string): Promise<string> =>
  (await shop.run('logs', service)).stdout;

describe('readiness', () => {
  it('by a line of the output, whatever the expression and the lines are', async () => {
    const line = 'a'.repeat(40);
    const shop = open(`
  app:
    command: "echo '${line}!'; echo '${line}!'; sleep 0.2; echo ${line}; exec sleep 1000"
    ports: false
    ready: { log: '^(a+)+$' }
`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect(await shop.run('restart', 'app')).toMatchObject({ code: 0 });
    expect(await shop.run('down')).toMatchObject({ code: 0 });
  });

  it('by an expression that could take for ever is refused, by "check" and by "dev"', async () => {
    const shop = open("  app: { command: sleep 1000, ports: false, ready: { log: '^up(?= now)' } }\n");
    for (const words of [['check'], ['dev', '-d']]) {
      const { code, stdout, stderr } = await shop.run(...words);
      expect(code).toBeGreaterThan(0);
      expect(stdout + stderr).toMatch(
        /portramp\.yaml:4:\d+[^]*"\(\?=" in a regular expression could take for ever/,
      );
    }
  });

  it('by a command that has the environment of the service', async () => {
    const shop = open(`
  app:
    command: "sleep 0.3; touch up; exec sleep 1000"
    ports: false
    env: { MARK: up }
    ready: { exec: 'test -f "$MARK"', interval: 50ms }
`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect(existsSync(join(shop.root, 'up'))).toBe(true);
  });

  it('by a command: why it is not is said', async () => {
    const shop = open(`
  app:
    command: sleep 1000
    ports: false
    ready: { exec: [sh, -c, 'echo no database; exit 3'], timeout: 500ms }
    restart: { policy: no }
`);
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(/not ready after 0\.5 s: exited with code 3/);
  });

  it('by a file, where one of an earlier run does not count', async () => {
    const shop = open(`
  app:
    command: "test -f go && date +%N > state/pid; exec sleep 1000"
    ports: false
    ready: { file: state/pid, timeout: 800ms }
    restart: { policy: no }
`);
    shop.write('state/pid', 'of an earlier run');
    const up = await shop.run('dev', '-d');
    expect(up.stderr).toMatch(/state\/pid is from an earlier run/);
    shop.write('go', '');
    expect((await shop.run('restart', 'app')).code).toBe(0);
    await shop.until('app', 'ready');
  });
});

describe('a stop', () => {
  it('by a command, with the environment of the service', async () => {
    const shop = open(`
  app:
    command: "trap '' TERM; echo $$ > pid; while ! test -f stop; do sleep 0.05; done; echo stopped by the file"
    ports: false
    stop: { command: "echo $PORTRAMP_SERVICE > by && touch stop", timeout: 10s }
`);
    await shop.run('dev', '-d');
    await eventually(() => expect(existsSync(join(shop.root, 'pid'))).toBe(true));
    await shop.run('stop', 'app');
    await shop.until('app', 'idle');
    expect(await logOf(shop, 'app')).toMatch(/stopped by the file\n.*exited with code 0/);
    expect(readFileSync(join(shop.root, 'by'), 'utf8')).toBe('app\n');
  });

  it('by the signal after all, when the command fails', async () => {
    const shop = open(`
  app: { command: exec sleep 1000, ports: false, stop: { command: "exit 1", timeout: 60s } }
`);
    await shop.run('dev', '-d');
    await shop.run('stop', 'app');
    await shop.until('app', 'idle');
    expect(await logOf(shop, 'app')).toMatch(/ended by SIGTERM/);
  });

  it('by a text for its standard input, and by force at the deadline', async () => {
    const shop = open(`
  polite:
    command: "while read line; do test \\"$line\\" = quit && echo bye && exit 0; done"
    ports: false
    stop: { stdin: quit, timeout: 10s }
  deaf: { command: exec sleep 1000, ports: false, stop: { stdin: quit, timeout: 300ms } }
`);
    await shop.run('dev', '-d');
    await shop.run('stop', 'polite', 'deaf');
    await shop.until('polite', 'idle');
    await shop.until('deaf', 'idle');
    expect(await logOf(shop, 'polite')).toMatch(/bye\n.*exited with code 0/);
    expect(await logOf(shop, 'deaf')).toMatch(/ended by SIGKILL/);
  });
});

describe('a task', () => {
  const TASKS = `
  install:
    kind: task
    command: "echo installed >> installs; cat package-lock.json"
    run: changed
    inputs: [package-lock.json, 'migrations/**']
  seed: { kind: task, command: "echo seeded >> seeds", run: once }
  app: { command: exec sleep 1000, ports: false, consumes: [install, seed] }
`;
  const count = (shop: Workspace, file: string): number =>
    existsSync(join(shop.root, file))
      ? readFileSync(join(shop.root, file), 'utf8').split('\n').length - 1
      : 0;

  it('that depends on its inputs runs when they have changed, also while the stack is up', async () => {
    const shop = open(TASKS);
    shop.write('package-lock.json', '{}');
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect([count(shop, 'installs'), count(shop, 'seeds')]).toEqual([1, 1]);
    const app = await shop.service('app');

    await shop.run('down');
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect([count(shop, 'installs'), count(shop, 'seeds')]).toEqual([1, 1]);
    expect(await logOf(shop, 'install')).toMatch(/nothing to do/);
    expect((await shop.service('app')).pid).not.toBe(app.pid);

    shop.write('migrations/001.sql', 'create table one');
    await eventually(() => expect(count(shop, 'installs')).toBe(2));
    await shop.until('install', 'done');

    shop.write(
      'portramp.yaml',
      readFileSync(join(shop.root, 'portramp.yaml'), 'utf8').replace('cat package', 'ls package'),
    );
    await eventually(() => expect(count(shop, 'installs')).toBe(3));
    await shop.until('install', 'done');

    expect((await shop.run('restart', 'install', 'seed')).code).toBe(0);
    await eventually(() => expect([count(shop, 'installs'), count(shop, 'seeds')]).toEqual([4, 2]));
  });

  it('that failed is run again, and those who need it wait for that', async () => {
    const shop = open(`
  migrate: { kind: task, command: "test -f ok", run: changed, inputs: [ok] }
  app: { command: exec sleep 1000, ports: false, consumes: [migrate] }
`);
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(1);
    expect((await shop.service('app')).failure?.message).toBe(
      'needs migrate, which failed: exited with code 1',
    );
    shop.write('ok', '');
    await shop.until('migrate', 'done');
    await shop.until('app', 'ready');
  });
});

describe('sources', () => {
  it('restart the service when they change, and only then', async () => {
    const shop = open(`
  app: { dir: api, command: "echo up; exec sleep 1000", ports: false, watch: ['src/**/*.js'] }
`);
    shop.write('api/src/main.js', '1');
    shop.write('.gitignore', 'generated\n*.gen.js\n');
    await shop.git('init', '-q');
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const first = (await shop.service('app')).pid;
    for (const file of [
      'src/notes.txt',
      'src/generated/a.js',
      'src/b.gen.js',
      'src/node_modules/x/i.js',
      'other.js',
    ]) {
      shop.write(`api/${file}`, 'x');
    }
    // A change that counts comes last, so that the others have been looked at.
    shop.write('api/src/deep/new.js', '2');
    await eventually(async () => {
      const { pid, state } = await shop.service('app');
      expect(state).toBe('ready');
      expect(pid).not.toBe(first);
    });
    const log = await logOf(shop, 'app');
    expect(log.match(/│ src\/\S+ changed/g)).toEqual(['│ src/deep/new.js changed']);

    await shop.run('stop', 'app');
    await shop.until('app', 'idle');
    shop.write('api/src/main.js', '3');
    await eventually(async () => expect(await logOf(shop, 'app')).toMatch(/src\/main\.js changed/));
    expect((await shop.service('app')).state).toBe('idle');
  });

  it('bring back a service that failed', async () => {
    const shop = open(`
  app: { command: "sh main.sh", ports: false, watch: ['*.sh'], ready: { log: up }, restart: { policy: no } }
`);
    shop.write('main.sh', 'exit 3');
    expect((await shop.run('dev', '-d')).code).toBe(1);
    shop.write('main.sh', 'echo up; exec sleep 1000');
    await shop.until('app', 'ready');
  });
});

describe('a service that starts on request', () => {
  const LAZY = `
  lazy:
    command: ${node('app.js')}
    ready: { http: / }
    start: request
    idle: 1s
  web: { command: ${node('server.js')}, consumes: [lazy] }
`;

  it('is started by the first request, through the front or directly, and rests when nobody comes', async () => {
    const shop = open(LAZY);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    expect((await shop.service('web')).state).toBe('ready');
    expect((await shop.service('lazy')).state).toBe('idle');

    // Whoever is told its number may dial it before anybody has come through the front.
    const port = (await shop.service('lazy')).ports[0]?.port ?? 0;
    expect((await request({ host: '127.0.0.1', port, path: '/' })).status).toBe(200);
    await shop.until('lazy', 'idle');

    // Its answer is what says that it was there: a second later it may be at rest again.
    const through = await machine.get('lazy.shop.localhost');
    expect(through.status).toBe(200);
    expect(JSON.parse(through.body)).toMatchObject({ version: '1' });
    await shop.until('lazy', 'idle');
    expect((await request({ host: '127.0.0.1', port, path: '/' })).status).toBe(200);

    // Somebody who stays connected uses it.
    const answer = request({ host: '127.0.0.1', port, path: '/?wait=3000' });
    expect((await answer).status).toBe(200);
    await shop.until('lazy', 'idle');
  });

  it('does not start again when it was stopped, until it is started', async () => {
    const shop = open(LAZY);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    await shop.run('stop', 'lazy');
    expect((await machine.get('lazy.shop.localhost')).status).toBe(503);
    const port = (await shop.service('lazy')).ports[0]?.port ?? 0;
    await eventually(() => expect(dial(port)).resolves.toBe('refused'));
    await shop.run('start', 'lazy');
    await shop.until('lazy', 'ready');
  });
});

const dial = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', () => resolve('refused'));
  });

describe('needs', () => {
  it('fail fast with the reason, through several services, and recover with it; optional ones are not waited for', async () => {
    const shop = open(`
  db: { command: "test -f ok && echo up && exec sleep 1000; exit 4", ports: false, ready: { log: up }, restart: { policy: no } }
  api: { command: exec sleep 1000, ports: false, consumes: [db] }
  web: { command: exec sleep 1000, ports: false, consumes: [{ service: api, condition: started }] }
  docs: { command: exec sleep 1000, ports: false, consumes: [{ service: db, optional: true }] }
`);
    expect((await shop.run('dev', '-d')).code).toBe(1);
    expect((await shop.service('web')).failure?.message).toBe(
      'needs api, which failed: needs db, which failed: exited with code 4',
    );
    expect((await shop.service('docs')).state).toBe('ready');
    shop.write('ok', '');
    await shop.run('restart', 'db');
    await shop.until('web', 'ready');
    rmSync(join(shop.root, 'ok'));
  });

  it('that fail later: what runs goes on and is told, what would start waits for the repair', async () => {
    const contract = (db: string): string => `version: 1
workspace: shop
services:
  db: { command: "${db}", ports: false, ready: { log: up }, restart: { policy: no } }
  api: { command: exec sleep 1000, ports: false, consumes: [db] }
  frail: { command: "while test ! -f down; do sleep 0.02; done; exit 7", ports: false, consumes: [db] }
`;
    const shop = machine.workspace(
      'shop',
      contract('echo up; while test ! -f down; do sleep 0.02; done; exit 4'),
    );
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const { pid } = await shop.service('api');

    // Both end; the one that needs the other is not started again and again in vain.
    shop.write('down', '');
    await shop.until('frail', 'failed');
    expect((await shop.service('frail')).failure?.message).toBe('needs db, which failed: exited with code 4');
    expect(await shop.service('api')).toMatchObject({ state: 'ready', pid });
    expect(await logOf(shop, 'api')).toMatch(/db, which it needs, failed: exited with code 4; it runs on/);
    expect((await shop.run('why', 'api')).stdout).toMatch(/needs db .*failed/);

    // Whoever asks for a start now hears why there is none.
    await shop.run('restart', 'api');
    await shop.until('api', 'failed');
    expect((await shop.service('api')).failure?.message).toBe('needs db, which failed: exited with code 4');

    // Repaired by an edit: all that waited for it starts by itself.
    rmSync(join(shop.root, 'down'));
    shop.contract(contract('echo up; exec sleep 1000'));
    await shop.until('api', 'ready');
    await shop.until('frail', 'ready');
  });

  it('that fail and come back while a service runs: it is told both, and not touched', async () => {
    const shop = open(`
  db: { command: "echo up; while test ! -f down; do sleep 0.02; done; exit 4", ports: false, ready: { log: up }, restart: { policy: no } }
  api: { command: exec sleep 1000, ports: false, consumes: [db] }
`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const { pid } = await shop.service('api');
    shop.write('down', '');
    await shop.until('db', 'failed');
    rmSync(join(shop.root, 'down'));
    expect((await shop.run('restart', 'db')).code).toBe(0);
    await shop.until('db', 'ready');
    expect(await shop.service('api')).toMatchObject({ state: 'ready', pid });
    expect(await logOf(shop, 'api')).toMatch(/db, which it needs, failed: .*\n.*db, which it needs, is back/);
  });
});
