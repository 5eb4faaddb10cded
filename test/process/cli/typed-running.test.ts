/** Types what is said of a stack that runs, and sees that it helps. */
import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { NAVIGATION } from '../../unit/front/head.ts';
import { node } from '../workspace.ts';
import { createTypist, LONG, type Typist } from './typist.ts';

let typist: Typist;

beforeAll(async () => {
  typist = createTypist();
  expect(await typist.type('dev -d')).toMatchObject({ code: 0 });
});
afterAll(() => typist.machine.close());

describe('what is said of a service', () => {
  it('that was not started starts it', async () => {
    const { hear, machine, type, read, empty } = typist;
    const [start = ''] = await hear('logs later', /it was not started: portramp (start later)/);
    expect(await hear('why later', /portramp (start later)/)).toEqual([start]);
    const { body } = await machine.get('later.localhost');
    const [, led = ''] = /"hint":"portramp (start --stack shop later)"/.exec(body) ?? [];
    expect(await type(led, { cwd: empty })).toMatchObject({ code: 0 });
    expect(await type(start)).toMatchObject({ code: 0 });
    expect(await machine.get('later.localhost')).toMatchObject({ status: 200 });
    expect(await read('why later')).not.toContain('portramp start');
    expect(await read('logs later')).not.toContain('it was not started');
  });

  it('that failed leads to its log, which says why', async () => {
    const [logs = ''] = await typist.hear('start bad', /see "portramp (logs bad)"/);
    expect(await typist.hear('wait bad', /see "portramp (logs bad)"/)).toEqual([logs]);
    expect(await typist.type(logs)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no such luck') as string,
    });
  });

  it('that is still starting leads to its log, and to what is in the way', async () => {
    const { hear, machine, type, start, shop, empty } = typist;
    expect(await type('start slow --no-wait')).toMatchObject({ code: 0 });
    await shop.until('slow', 'warming', LONG);
    const [why = ''] = await hear(
      'wait slow --timeout 100ms',
      /"portramp (why slow)" says what is in the way/,
    );
    expect((await type(why)).stdout).toMatch(/slow.*starting/);
    const { body } = await machine.get('slow.shop.localhost', '/', NAVIGATION);
    expect(body).toContain('logs --stack shop slow -f');
    const [, logs = ''] = /portramp (logs --stack shop slow -f)/.exec(body) ?? [];
    const log = start(logs, { cwd: empty });
    await log.prints(/loading/, LONG);
    log.child.kill('SIGINT');
    expect(await log.ended).toBe(0);
    expect(await type('stop slow')).toMatchObject({ code: 0 });
  });

  it('that was stopped before it was ready starts it again, and of one that waits, whose log tells why', async () => {
    const { hear, start, type, shop } = typist;
    const starting = start('start behind');
    await shop.until('behind', 'waiting', LONG);
    await shop.until('slow', 'warming', LONG);
    const [logs = ''] = await hear('logs behind', /it waits for slow; slow is \w+: portramp (logs slow)/);
    await eventually(async () => expect((await type(logs)).stdout).toContain('loading'), LONG);
    expect(await type('stop behind slow')).toMatchObject({ code: 0 });
    expect(await starting.ended).toBe(1);
    const [, again = ''] = /start it again with "portramp (start behind)"/.exec(starting.output) ?? [];
    expect(await type(`${again} --no-wait`)).toMatchObject({ code: 0 });
    await shop.until('behind', 'waiting', LONG);
    expect(await type('stop behind slow')).toMatchObject({ code: 0 });
  });

  it('stops it by its port', async () => {
    const { hear, shop, type, empty } = typist;
    expect(await type('start later')).toMatchObject({ code: 0 });
    const targetPort = (await shop.service('later')).ports[0]?.targetPort ?? 0;
    await hear('stop', /hint: portramp stop worker, or: portramp stop --port 20031/);
    const [stop = ''] = await hear(`whose ${targetPort}`, /^to end it: portramp (stop --port \d+)$/m);
    expect(await type(stop, { cwd: empty })).toMatchObject({ code: 0 });
    await shop.until('later', 'idle', LONG);
    expect(await typist.read(`whose ${targetPort}`)).not.toContain('to end it');
  });
});

it('an edit that was refused is not in what is started, until it was mended', async () => {
  const { hear, read, shop } = typist;
  const contract = readFileSync(join(shop.root, 'portramp.yaml'), 'utf8');
  shop.contract(`${contract}  nobody: {}\n`);
  await eventually(async () => expect(await read('ls')).toContain('edit not applied'), LONG);
  await hear('restart api', /edit not applied: portramp\.yaml:\d+:\d+ [^]*; api with the values from before/);
  shop.contract(contract);
  await eventually(async () => expect(await read('ls')).not.toContain('edit not applied'), LONG);
  expect(await read('restart api')).not.toContain('from before');
});

it('a runner that is stopped is named at once, and wakes', async () => {
  const { pid = 0 } = await typist.shop.stack();
  process.kill(pid, 'SIGSTOP');
  try {
    expect(await typist.hear('ls', /does not answer: it is stopped .*"kill (-CONT \d+)" wakes it/)).toEqual([
      `-CONT ${pid}`,
    ]);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await eventually(async () => expect(await typist.read('ls')).not.toContain('does not answer'), LONG);
});

it('a state folder that others may read is theirs no more', async () => {
  chmodSync(typist.machine.home.root, 0o755);
  const [mode = '', path = ''] = await typist.hear('doctor', /chmod (700) (\S+)/);
  chmodSync(path, Number.parseInt(mode, 8));
  expect(await typist.read('doctor')).not.toContain('chmod');
});

describe('what is said of the stack', () => {
  it('stops it, and whoever waits for it hears of it', async () => {
    const { start, type, hear, machine } = typist;
    const watching = start('dev');
    const [, down = ''] = await watching.prints(/Already running: .* "portramp (down)" stops it/, LONG);
    const starting = start('start behind');
    await starting.prints(/waiting: behind/, LONG);
    expect(await type(down)).toMatchObject({ code: 0, stdout: 'shop is down\n' });
    expect(await watching.ended).toBe(0);
    expect(await starting.ended).toBe(1);
    const [, again = ''] =
      /taken down meanwhile[^]*start it again with "portramp (dev -d)"/.exec(starting.output) ?? [];
    expect(await type(again)).toMatchObject({ code: 0 });
    expect(await machine.get('api.localhost')).toMatchObject({ status: 200 });
    const [all = ''] = await hear('daemon stop', /"portramp (down --all)" stops them/);
    expect(await type(all)).toMatchObject({ code: 0, stdout: 'shop is down\n' });
    expect(await type('daemon stop')).toMatchObject({ code: 0 });
  });

  it('tells it by its name where all are meant', async () => {
    const { hear, type } = typist;
    expect(await type('dev -d api')).toMatchObject({ code: 0 });
    await hear('down --all --volumes', /hint: portramp down STACK --volumes/);
    expect(await type('down shop --volumes')).toMatchObject({ code: 0 });
  });

  it('gives it the name that its contract has by now', async () => {
    const { hear, machine, read, shop, type } = typist;
    expect(await type('dev -d api')).toMatchObject({ code: 0 });
    const contract = readFileSync(join(shop.root, 'portramp.yaml'), 'utf8');
    shop.contract(contract.replace('workspace: shop', 'workspace: store'));
    const cure =
      /workspace store now: cd (\S+) && portramp (down) && portramp (clean shop) && portramp (dev)$/m;
    await eventually(async () => expect(await read('ls')).toMatch(cure), LONG);
    const [cwd = '', ...commands] = await hear('ls', cure);
    for (const words of commands)
      expect(await type(words === 'dev' ? 'dev -d api' : words, { cwd })).toMatchObject({ code: 0 });
    expect((await machine.ls()).stacks.map(({ stack }) => stack)).toEqual(['store']);
    expect(await read('ls')).not.toContain('calls the workspace');
    expect(await type('down')).toMatchObject({ code: 0 });
    shop.contract(contract);
  });

  it('starts it again where its folder was moved to', async () => {
    const { machine } = typist;
    const here = machine.workspace(
      'here',
      `version: 1\nworkspace: here\nservices: { idle: { command: ${node('server.js')} } }\n`,
    );
    const dev = here.start('dev');
    await here.until('idle', 'ready', LONG);
    const there = `${here.root}-there`;
    renameSync(here.root, there);
    const [, again = ''] = await dev.prints(/after a move, "portramp (dev --dir) FOLDER" starts it/, LONG);
    await dev.ended;
    expect(await machine.run([...again.split(' '), there, '-d'])).toMatchObject({ code: 0 });
    expect((await machine.ls()).stacks.map(({ root }) => root)).toEqual([there]);
    expect(await machine.run(['down'], { cwd: there })).toMatchObject({ code: 0 });
  });
});
