/** Ready means that it answers: what `ls`, `wait`, `dev -d`, `open`, `why` and the front say of services that do not. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { pickPort } from '../ports/scene.ts';
import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\n';

const statusOf = async (workspace: Workspace, name: string): Promise<string | undefined> =>
  (await workspace.service(name)).status;
const becomes = (workspace: Workspace, name: string, status: string): Promise<void> =>
  eventually(async () => expect(`${name} ${await statusOf(workspace, name)}`).toBe(`${name} ${status}`));

describe('a service of which nothing listens', () => {
  it('is running and never ready, whatever its log says; it is ready when it listens after all', async () => {
    const late = `command: ${node('late.js')}, env: { LISTEN_WHEN: ${join(machine.folder('flags'), 'go')} }`;
    const shop = machine.workspace(
      'shop',
      `${HEAD}services:
  silent: { ${late} }
  logged: { ${late}, ports: { http: {} }, ready: { log: up } }
  aside: { command: ${node('server.js')}, env: { HOST: 127.0.0.2 } }
  consumer: { command: ${node('server.js')}, consumes: [silent] }
`,
    );
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(0);
    for (const name of ['silent', 'logged']) {
      const line = new RegExp(
        `^  ${name} +running +:(\\d+) +nothing listens on port \\1 .*"ports: false"`,
        'm',
      );
      expect(up.stdout).toMatch(line);
      expect(await shop.service(name)).toMatchObject({
        state: 'warming',
        status: 'running',
        reason: expect.stringMatching(/^nothing listens on port \d+ \(http\)$/) as string,
        ports: [{ listening: false }],
      });
      expect((await shop.run('open', name)).code).toBe(1);
      expect((await shop.run('why', name)).stdout).toMatch(/^\w+ running .*\n {2}nothing listens on port/);
      const answer = await machine.get(`${name}.shop.localhost`);
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.body)).toMatchObject({
        error: 'SERVICE_SILENT',
        hint: expect.stringContaining('ports: false') as string,
      });
    }
    expect(up.stdout).not.toMatch(/http:\/\/(silent|logged|aside)/);
    expect(up.stdout).toMatch(
      /^ {2}aside +running +:(\d+) +nothing listens on port \1 .*on 127\.0\.0\.2 alone.* — have it listen on 127\.0\.0\.1/m,
    );
    expect(up.stdout).toMatch(/^ {2}consumer +ready +:\d+ +http:\/\/consumer/m);
    expect(up.stderr).toContain('starts although silent, which it needs, is not known to be ready');
    expect(await shop.run('wait', 'silent', '--timeout', '300ms')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/silent is running: nothing listens [^]*"ports: false"/) as string,
    });

    shop.write('../flags/go', '');
    for (const name of ['silent', 'logged']) {
      expect(await shop.run('wait', name)).toMatchObject({ code: 0, stdout: `${name} is ready\n` });
      expect(await machine.get(`${name}.shop.localhost`)).toMatchObject({ status: 200, body: 'late' });
      expect((await shop.run('ls')).stdout).toMatch(new RegExp(`${name} +ready +:\\d+ +http://${name}`));
    }
    await becomes(shop, 'silent', 'ready');
    shop.contract(`${HEAD}services:\n  aside: { command: ${node('server.js')}, env: { HOST: 127.0.0.1 } }\n`);
    expect(await shop.run('wait', 'aside')).toMatchObject({ code: 0 });
    expect(await machine.get('aside.shop.localhost')).toMatchObject({ status: 200 });
  });
});

/** Programs that start a service anew when its files change: where the others are, see `.ci/run`. */
const runners = process.env['PORTRAMP_TEST_RUNNERS'];
const bin = (name: string): string => resolve(runners ?? '/none', 'node_modules/.bin', name);
const has = (name: string): boolean => runners !== undefined && existsSync(bin(name));
const reason = runners === undefined ? ' (skipped: PORTRAMP_TEST_RUNNERS is not set)' : '';

const CRASH = "throw new TypeError('no such luck');\n";
const SERVE =
  "require('node:http').createServer((_, res) => res.end('up')).listen(process.env.PORT, '127.0.0.1');\n";
const WORK = 'setInterval(() => undefined, 60_000);\n';

describe('what is started by a watcher', () => {
  const watchers: [string, string, string][] = [
    ['node --watch', `${process.execPath} --watch app.js`, 'app.js'],
    ['nodemon', `${bin('nodemon')} app.js`, 'app.js'],
    ['tsx', `${bin('tsx')} watch app.ts`, 'app.ts'],
    ['ts-node-dev', `${bin('ts-node-dev')} --respawn --transpile-only app.js`, 'app.js'],
  ];

  it.each(watchers)(
    `is unwell while %s waits, with its last words, and well again after an edit${reason}`,
    async (name, command, file) => {
      if (name !== 'node --watch' && !has(name)) return console.log(`skipped: ${name} is not installed`);
      const shop = machine.workspace(
        'shop',
        `${HEAD}services:
  web: { dir: web, command: "${command}" }
  worker: { dir: worker, command: "${command}", ports: false }
`,
      );
      shop.write(`web/${file}`, CRASH);
      shop.write(`worker/${file}`, CRASH);
      const up = await shop.run('dev', '-d');
      expect(up).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^unwell web: .*no such luck/m) as string,
      });
      await becomes(shop, 'worker', 'unwell');
      expect(await shop.service('web')).toMatchObject({
        reason: expect.stringMatching(
          /waits for a file to change; it printed last: .*no such luck/,
        ) as string,
        ports: [{ listening: false }],
      });
      expect((await machine.get('web.shop.localhost')).status).toBe(503);
      expect((await shop.run('wait', 'web', '--timeout', '200ms')).code).toBe(1);

      shop.write(`web/${file}`, SERVE);
      shop.write(`worker/${file}`, WORK);
      for (const service of ['web', 'worker'])
        expect(await shop.run('wait', service)).toMatchObject({ code: 0, stdout: `${service} is ready\n` });
      expect(await machine.get('web.shop.localhost')).toMatchObject({ status: 200, body: 'up' });

      shop.write(`web/${file}`, CRASH);
      shop.write(`worker/${file}`, CRASH);
      await becomes(shop, 'web', 'unwell');
      await becomes(shop, 'worker', 'unwell');
      expect((await machine.get('web.shop.localhost')).status).toBe(503);
    },
  );
});

describe('a port that listened', () => {
  it('and is closed while the process lives on makes it unwell, and ready when it is open again', async () => {
    const shop = machine.workspace('shop', `${HEAD}services:\n  api: { command: ${node('closes.js')} }\n`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    await machine.get('api.shop.localhost', '/close');
    await becomes(shop, 'api', 'unwell');
    expect(await shop.service('api')).toMatchObject({
      reason: expect.stringMatching(/^nothing listens on port \d+ \(http\) any more/) as string,
    });
    const { pid } = await shop.service('api');
    process.kill(pid ?? 0, 'SIGUSR2');
    expect(await shop.run('wait', 'api')).toMatchObject({ code: 0 });
    expect((await machine.get('api.shop.localhost')).status).toBe(200);
  });
});

describe.skipIf(process.platform !== 'linux')('a service that a signal has stopped', () => {
  it('is unwell within a beat, with what to type, whether it has a port or not; ready when it goes on', async () => {
    const services = `services:
  api: { command: ${node('server.js')} }
  worker: { command: "sh -c 'sleep 1000; true'", ports: false }
`;
    const shop = machine.workspace('shop', `${HEAD}${services}`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const { pid: api = 0 } = await shop.service('api');
    const { pid: worker = 0 } = await shop.service('worker');
    process.kill(api, 'SIGSTOP');
    process.kill(-worker, 'SIGSTOP');
    await becomes(shop, 'api', 'unwell');
    await becomes(shop, 'worker', 'unwell');
    const reason = `its process ${api} is stopped by a signal (SIGSTOP)`;
    expect(await shop.service('api')).toMatchObject({ reason, hint: `kill -CONT ${api}` });
    const listed = (await shop.run('ls')).stdout;
    expect(listed).toContain(reason);
    expect(listed).toContain(`kill -CONT ${api}`);
    const explained = await shop.run('why', 'api');
    expect(explained.code).toBe(1);
    expect(explained.stdout).toContain(reason);
    const [, name = '', pid = ''] = /kill -(CONT) (\d+)/.exec(explained.stdout) ?? [];
    process.kill(Number(pid), `SIG${name}`);
    await becomes(shop, 'api', 'ready');
    // Who is stopped is ended at once all the same: there is nothing to wait for.
    expect((await shop.run('stop', 'worker', '--timeout', '5s')).code).toBe(0);
  });
});

describe('a service that ends because its port is in use', () => {
  it.each([
    ['another stack', 'shop'],
    ['another service', 'other'],
  ])('by %s fails at once, and says by whom and what to type', async (_whose, holder) => {
    const shop = machine.workspace('shop', `${HEAD}services:\n  api: { command: ${node('server.js')} }\n`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const number = (await shop.service('api')).ports[0]?.port ?? 0;
    const web = (port: number): string =>
      `${HEAD.replace('shop', 'other')}services:
  api: { command: ${node('server.js')} }
  web: { command: ${node('stubborn.js')}, env: { OPENS: "${port}" }, consumes: [api] }
`;
    const other = machine.workspace('other', web(number));
    if (holder === 'other') {
      expect((await other.run('dev', '-d', 'api')).code).toBe(0);
      other.contract(web((await other.service('api')).ports[0]?.port ?? 0));
    }
    const wanted = holder === 'shop' ? number : ((await other.service('api')).ports[0]?.port ?? 0);
    const up = holder === 'shop' ? await other.run('dev', '-d') : await other.run('start', 'web');
    expect(up.code).toBe(1);
    expect(await other.service('web')).toMatchObject({
      status: 'failed',
      restarts: 0,
      failure: {
        message: expect.stringMatching(
          new RegExp(`^it wants port ${wanted}, which api of ${holder}, .*server.js \\(pid \\d+`),
        ) as string,
        hint: expect.stringMatching(
          new RegExp(
            `^give web the port that PORT says \\(\\d+\\), or stop api: portramp stop --port ${wanted}$`,
          ),
        ) as string,
      },
    });
    expect((await other.run('why', 'web')).stdout).toContain(`which api of ${holder}`);
    expect((await other.run('stop', '--port', String(wanted))).code).toBe(0);
    await eventually(async () =>
      expect((await machine.run(['whose', String(wanted)])).stdout).toContain('nothing listens'),
    );
  });
});

describe('a service that listens elsewhere', () => {
  it('is misplaced where the contract forbids to follow, and followed as soon as the cure stands there', async () => {
    const number = await pickPort();
    const api = (follow: boolean): string =>
      `${HEAD}services:\n  api: { command: ${node('stubborn.js')}, env: { OPENS: "${number}" }, ports: { http: { follow: ${follow} } } }\n`;
    const shop = machine.workspace('shop', api(false));
    const up = await shop.run('dev', '-d');
    expect(up).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^misplaced api: it listens on ${number}, not on \\d+`, 'm'),
      ) as string,
    });
    expect(await shop.run('wait', 'api')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'write "follow: true" in place of "follow: false" in services.api.ports.http',
      ) as string,
    });
    expect((await machine.get('api.shop.localhost')).status).toBe(503);
    shop.contract(api(true));
    await becomes(shop, 'api', 'ready');
    expect((await machine.get('api.shop.localhost')).body).toMatch(new RegExp(`^stubborn ${number}`));
    expect((await shop.run('ls')).stdout).toContain('http://api.shop.localhost');
    // What is borrowed is given back where the contract says so.
    shop.contract(api(false));
    await becomes(shop, 'api', 'misplaced');
    expect((await machine.get('api.shop.localhost')).status).toBe(503);
    expect(await shop.run('wait', 'api')).toMatchObject({ code: 1 });
    expect((await shop.run('ls')).stdout).not.toContain('http://api.shop.localhost');
  });
});
