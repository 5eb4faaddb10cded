/** What the search for ports reads, and what it leaves alone. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { gatherFacts } from '../../../src/check/gather.ts';
import { read } from '../contract/read.ts';

let base: string;
let root: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'portramp-gather-'));
  root = join(base, 'workspace');
  mkdirSync(root);
});
afterEach(() => rmSync(base, { recursive: true }));

const write = (path: string, text: string | Buffer): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const git = (...args: string[]): void => void execFileSync('git', args, { cwd: root, stdio: 'ignore' });
const contract = read('services:\n  api: { command: x, dir: apps/api }\n');
const find = async (): Promise<string[]> => {
  const { literals } = await gatherFacts(root, [contract], '2027-01-01');
  return literals.map(({ path, port }) => `${path} ${port}`);
};

it('only what git tracks is searched, as it lies there now', async () => {
  write('tracked.js', 'localhost:3001');
  write('gone.js', 'localhost:3002');
  write('ä b\n.js', 'localhost:3003');
  git('init');
  git('add', '--all');
  write('untracked.js', 'localhost:3004');
  write('tracked.js', 'localhost:3005');
  rmSync(join(root, 'gone.js'));
  expect(await find()).toEqual(['tracked.js 3005', 'ä b\n.js 3003']);
});

it('links, pipes, binary and huge files are not read', async () => {
  writeFileSync(join(base, 'outside.js'), 'localhost:3001');
  symlinkSync('../outside.js', join(root, 'link.js'));
  write('piped.js', 'localhost:3002');
  write('swapped.js', 'localhost:3003');
  write('binary.dat', Buffer.from('\0 localhost:3004'));
  write('huge.js', `${' '.repeat(300_000)}\nlocalhost:3005`);
  git('init');
  git('add', '--all');
  rmSync(join(root, 'piped.js'));
  rmSync(join(root, 'swapped.js'));
  // Reading a pipe that nobody writes to would never end.
  execFileSync('mkfifo', [join(root, 'piped.js')]);
  symlinkSync('../outside.js', join(root, 'swapped.js'));
  expect(await find()).toEqual([]);
});

it('outside a repository nothing is searched, and the rest is still read', async () => {
  write('a.js', 'localhost:3001');
  write('compose.yml', 'services: { db: { image: x, ports: ["5432:5432"] } }');
  write('apps/api/Dockerfile', 'FROM x\nEXPOSE 80');
  write('apps/api/package.json', '{"scripts":{"dev":"x"}}');
  write('.devcontainer/devcontainer.json', '{"forwardPorts":[80]}');
  write('turbo.json', '{"tasks":{}}');
  const facts = await gatherFacts(root, [contract], '2027-01-01');
  expect(facts).toMatchObject({
    literals: [],
    unsearched: 0,
    compose: [{ services: [{ name: 'db' }] }],
    devcontainers: [{ forwarded: [{ port: 80 }] }],
    turbo: { isStrict: true },
  });
  expect(facts.dockerfiles.get('apps/api')?.exposed).toMatchObject([{ port: 80 }]);
  expect(facts.packages.get('apps/api')?.scripts.get('dev')?.text).toBe('x');
});

it('a Compose override is read beside the file that it changes', async () => {
  write('docker-compose.yml', 'services: { a: {} }');
  write('compose.yaml', 'services: { b: {} }');
  write('compose.override.yaml', 'services: { c: {} }');
  const { compose } = await gatherFacts(root, [contract], '2027-01-01');
  // As Compose does, the first name wins.
  expect(compose.map((file) => file.services.map((service) => service.name))).toEqual([['b'], ['c']]);
});
