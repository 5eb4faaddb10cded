/** Types what is said where no stack or no daemon runs, or the state folder is none, and sees that it helps. */
import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { node, type RunOptions } from '../workspace.ts';
import { createTypist, type Typist } from './typist.ts';

let typist: Typist;

beforeAll(async () => {
  typist = createTypist();
  expect(await typist.type('dev -d api')).toMatchObject({ code: 0 });
  expect(await typist.type('down')).toMatchObject({ code: 0 });
});
afterAll(() => typist.machine.close());

describe('what is said of a stack at rest', () => {
  it('starts it', async () => {
    const { hear, read, type, machine } = typist;
    await hear('ls', /Nothing is running\. Start a stack with "portramp (dev)"/);
    await hear('start api', /hint: start it with "portramp (dev)"/);
    await hear('why api', /no runner is attached.*portramp (dev)/s);
    await hear('why api.localhost', /which is not running: portramp (dev)/);
    await hear('logs behind', /the stack does not run: portramp (dev)/);
    const { body } = await machine.get('api.localhost');
    const [, folder = '', start = ''] = /"hint":"cd (\S+) && portramp (dev)"/.exec(body) ?? [];
    expect(await type([start, '-d', 'api'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(await read('ls')).not.toContain('Nothing is running');
    expect(await read('why api')).not.toContain('no runner');
    expect(await read('why api.localhost')).not.toContain('not running');
    expect(await read('logs behind')).not.toContain('the stack does not run');
    expect(await type('start api')).toMatchObject({ code: 0 });
    expect((await machine.get('api.localhost')).status).toBe(200);
    expect(await type('down')).toMatchObject({ code: 0 });
  });

  it('starts that of another environment', async () => {
    const { type, machine } = typist;
    expect(await type('dev -d --env test api')).toMatchObject({ code: 0 });
    expect(await type('down --env test')).toMatchObject({ code: 0 });
    const { body } = await machine.get('api.shop-test.localhost');
    const [, again = ''] = /&& portramp (dev --env test)"/.exec(body) ?? [];
    expect(await type(`${again} -d api`)).toMatchObject({ code: 0 });
    expect((await machine.get('api.shop-test.localhost')).status).toBe(200);
    expect(await type('down --env test')).toMatchObject({ code: 0 });
  });

  it('is said of the services of its contract only, and without one of those that have a log', async () => {
    const { hear, machine, read } = typist;
    const here = machine.workspace(
      'here',
      `version: 1\nworkspace: here\nservices: { api: { command: ${node('server.js')} } }\n`,
    );
    expect(await here.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(await here.run('down')).toMatchObject({ code: 0 });
    await hear('logs --stack here apii', /there is no service "apii".*\n.*did you mean "(api)"/);
    here.contract('version: 1\nworkspace: here\nservices: [\n');
    await hear('logs --stack here other', /there is no service "other"/);
    expect(await read('logs --stack here api')).toMatch(/started/);
    rmSync(here.root, { recursive: true });
    await hear('logs --stack here other', /there is no service "other"/);
    expect(await read('logs --stack here api')).toMatch(/started/);
  });
});

describe('what is said of the daemon', () => {
  it('stops it by the port of its front', async () => {
    const { hear, type, machine } = typist;
    const front = String((await machine.ls()).front.http ?? '');
    const [stop = ''] = await hear(`stop --port ${front}`, /hint: portramp (daemon stop)/);
    expect(await type(stop)).toMatchObject({ code: 0 });
  });

  it('starts it with settings that can be used', async () => {
    const { hear, type } = typist;
    const withSettings = (port: string, engine: string): RunOptions => ({
      env: { PORTRAMP_HTTP_PORT: port, PORTRAMP_ENGINE: engine },
    });
    const [port = ''] = await hear(
      'daemon start',
      /hint: set it to a number from 1 to 65535, or to (0) for any free port/,
      withSettings('x', ''),
    );
    const [engine = ''] = await hear(
      'daemon start',
      /hint: unset PORTRAMP_ENGINE, or set it to (wire)/,
      withSettings('0', 'x'),
    );
    expect(await type('daemon start', withSettings(port, engine))).toMatchObject({ code: 0 });
    expect(await type('daemon stop')).toMatchObject({ code: 0 });
  });

  it('starts it with a stack', async () => {
    const { hear, type, read } = typist;
    await hear('doctor', /not running; "portramp (dev)" starts it/);
    await hear('daemon status', /The daemon is not running; "portramp (dev)" starts it/);
    expect(await type('dev -d api')).toMatchObject({ code: 0 });
    expect(await read('daemon status')).not.toContain('not running');
    expect(await read('doctor')).not.toContain('"portramp dev" starts it');
  });
});

it('a state folder that cannot be used is another one', async () => {
  const { hear, type, machine, empty } = typist;
  const target = machine.folder('own');
  chmodSync(target, 0o700);
  const [file, link] = [join(empty, 'file'), join(empty, 'link')];
  writeFileSync(file, '');
  symlinkSync(target, link);
  const withHome = (PORTRAMP_HOME: string): RunOptions => ({ env: { PORTRAMP_HOME } });
  const hint = (words: string): RegExp => new RegExp(`hint: set PORTRAMP_HOME to ${words}`);
  await hear('ls', hint('a folder of your own'), withHome(file));
  await hear('ls', hint('a folder that you may read'), withHome(join(file, 'home')));
  await hear('ls', hint('the folder that it leads to'), withHome(link));
  await hear('daemon start', hint('a folder that you may write to'), withHome('/proc/x'));
  expect(await type('ls', withHome(target))).toMatchObject({ code: 0 });
});
