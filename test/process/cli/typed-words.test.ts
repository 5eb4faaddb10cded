/** Types commands that are wrong, then what is said to type instead, and sees that it helps. */
import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { PORTRAMP } from '../workspace.ts';
import { createTypist, LONG, type Typist } from './typist.ts';

let typist: Typist;

beforeAll(async () => {
  typist = createTypist();
  expect(await typist.type('dev -d')).toMatchObject({ code: 0 });
});
afterAll(() => typist.machine.close());

/** What a number in the words stands for was found by the hint. */
const ROWS: [wrong: string, hint: RegExp, right: string, seen?: RegExp][] = [
  ['url zzzzzz', /hint: the services are: (\w+),/, 'url $1', /^http/],
  ['url apii', /hint: did you mean "(api)"\?/, 'url $1', /^http/],
  ['url api --port zz', /hint: its ports are: (\w+)$/m, 'url api --port $1', /^http/],
  ['url api --stack zzzzzz', /hint: portramp (ls --all) lists them/, '$1', /^shop /m],
  ['url api --stack shpo', /hint: did you mean "(shop)"\?/, 'url api --stack $1', /^http/],
  ['check --explain ABC', /hint: portramp (check --explain) lists all/, '$1', /^PR020/m],
  ['check --explain PR0200', /hint: did you mean "(PR\d+)"\?/, 'check --explain $1', /PR02/],
  ['dev --timeout 3s', /hint: add (-d), or leave out --timeout/, 'dev $1 --timeout 3m'],
  ['exec api --env test true', /hint: .*: portramp exec (--env test api) npm run seed/, 'exec $1 true'],
  ['scale api', /hint: write SERVICE=REPLICAS, such as (api)=3; from (1) to 32/, 'scale $1=$2'],
  ['scale away=2', /hint: (scale) a service that has a command/, '$1 api=1'],
  ['scale seed=2', /seed is a task[^]*hint: "portramp (restart seed)" runs it again/, '$1', /seed is done/],
  ['dev -d zzzzzz', /hint: there are: (\w+),/, 'dev -d $1'],
  ['dev -d apii', /hint: did you mean "(api)"\?/, 'dev -d $1'],
  ['url api --env zzzzzz', /hint: the environments are: dev, (test)/, 'url api --env $1', /^http/],
  ['url api --env tset', /hint: did you mean "(test)"\?/, 'url api --env $1', /^http/],
  ['open later', /hint: portramp (why later)/, '$1', /portramp start later/],
  ['why asked', /portramp (open asked)/, '$1', /^http:\/\/asked\./],
];

it.each(ROWS)('%s', async (wrong, hint, right, seen = /(?:)/) => {
  const words = await typist.hear(wrong, hint);
  const typed = right.replaceAll(/\$(\d)/g, (_, index: string) => words[Number(index) - 1] ?? '');
  const { code, stdout, stderr } = await typist.type(typed);
  expect({ typed, code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(seen);
});

it('a number that no port can have', async () => {
  const [port = ''] = await typist.hear('whose 99999', /hint: a port is a number from 1 to (65535)/);
  expect(await typist.read(`whose ${port}`)).not.toContain('hint:');
});

it('a folder without a contract', async () => {
  const cwd = typist.empty;
  await typist.hear('url api', /hint: create portramp\.yaml with .*, or name its folder with --dir/, { cwd });
  expect(await typist.type('url api --dir ../shop', { cwd })).toMatchObject({ code: 0 });
});

it('a folder that was removed while a shell is in it', async () => {
  const { machine } = typist;
  const portramp = `'${process.execPath}' '${PORTRAMP}' ls`;
  const shell = async (before: string): Promise<string> => {
    const script = `mkdir gone && cd gone && rmdir ../gone; ${before}; ${portramp} 2>&1 || true`;
    const env = { ...machine.environment, HOME: machine.folder('me') };
    return (await promisify(execFile)('sh', ['-c', script], { cwd: typist.empty, env })).stdout;
  };
  const said = await shell('true');
  expect(said).toMatch(/hint: go to one that is there: cd ~/);
  const [, words = ''] = /(cd ~)/.exec(said) ?? [];
  expect(await shell(words)).toMatch(/^shop /m);
});

it('a variable that stands in the way', async () => {
  await typist.hear('dev -d', /hint: leave out -d, or unset PORTRAMP$/m, { env: { PORTRAMP: '0' } });
  expect(await typist.type('dev -d')).toMatchObject({ code: 0 });
});

it('a service that would read its own log', async () => {
  const env = { PORTRAMP_RUN: 'x', PORTRAMP_STACK: 'shop', PORTRAMP_SERVICE: 'api' };
  await typist.hear('logs api -f', /or show another service: portramp logs NAME -f/, { env });
  const other = typist.start('logs asked -f', { env });
  expect(await typist.machine.get('asked.localhost', '/api')).toMatchObject({ status: 200 });
  await other.prints(/started/, LONG);
  other.child.kill('SIGINT');
  expect(await other.ended).toBe(0);
});

it('a path that no service has, and a host that nobody has', async () => {
  const { machine, read } = typist;
  expect((await machine.get('asked.localhost')).body).toContain('portramp ls lists the addresses');
  const listed = await read('ls');
  const [, path = ''] = /http:\/\/asked\.shop\.localhost:\d+(\S+)/.exec(listed) ?? [];
  expect(await machine.get('asked.localhost', path)).toMatchObject({ status: 200 });
  expect((await machine.get('nobody.localhost')).body).toContain('portramp ls shows what runs');
  expect(listed).toMatch(/http:\/\/api\.shop\.localhost/);
  expect(await machine.get('api.shop.localhost')).toMatchObject({ status: 200 });
});

it('a file in a folder that is not there', async () => {
  const into = (path: string): string[] => ['traffic', '--for', '100ms', '--har', path];
  await typist.hear(into('/nonexistent/x.har'), /hint: name a file in a folder that exists/);
  expect(await typist.type(into(join(typist.shop.root, 'x.har')))).toMatchObject({ code: 0 });
});

it('a program that cannot be executed, and one that is not there', async () => {
  const { hear, shop, type } = typist;
  shop.write('tool', '#!/bin/sh\n');
  chmodSync(join(shop.root, 'tool'), 0o644);
  const [path = ''] = await hear('exec api ./tool', /hint: chmod \+x (\S+)/);
  chmodSync(join(shop.root, path), 0o755);
  expect(await type('exec api ./tool')).toMatchObject({ code: 0 });
  await hear('exec api new-tool', /hint: is it installed and executable, and in PATH as seen from /);
  const bin = typist.machine.folder('bin');
  writeFileSync(join(bin, 'new-tool'), '#!/bin/sh\n', { mode: 0o755 });
  const PATH = `${bin}:${typist.machine.environment['PATH'] ?? ''}`;
  expect(await type('exec api new-tool', { env: { PATH } })).toMatchObject({ code: 0 });
});
