// How much CPU others take to start the same services and to stop them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { childrenOf, commandOf, cpuOf } from './cost.js';
import { SERVICE } from './stacks.js';

const PEERS = [
  { name: 'concurrently', command: findConcurrently, folder: () => undefined },
  { name: 'turbo', command: findTurbo, folder: writePackages },
];

function findConcurrently() {
  try {
    const program = createRequire(import.meta.url).resolve('concurrently/dist/bin/concurrently.js');
    return (count) => [process.execPath, program, ...Array.from({ length: count }, () => SERVICE.join(' '))];
  } catch {
    return 'it is not installed: npm install --no-save concurrently';
  }
}

function findTurbo() {
  if (spawnSync('turbo', ['--version']).status !== 0) {
    return 'it is not on the PATH; its package, 40 MB for each platform, is no dependency of this one';
  }
  return (count) => ['turbo', 'run', 'dev', `--concurrency=${count + 1}`];
}

function writePackages(base, count) {
  const write = (path, value) => writeFileSync(join(base, path), JSON.stringify(value));
  write('package.json', {
    name: 'bench',
    private: true,
    packageManager: 'npm@10.0.0',
    workspaces: ['apps/*'],
  });
  write('turbo.json', { tasks: { dev: { cache: false, persistent: true } } });
  mkdirSync(join(base, 'apps'));
  for (let index = 0; index < count; index += 1) {
    mkdirSync(join(base, `apps/s${index}`));
    write(`apps/s${index}/package.json`, {
      name: `s${index}`,
      version: '1.0.0',
      scripts: { dev: SERVICE.join(' ') },
    });
  }
  spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: base, stdio: 'ignore' });
}

const descendantsOf = (pid) => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
const isService = (pid) => {
  try {
    return commandOf(pid).startsWith(SERVICE.join(' '));
  } catch {
    return false;
  }
};

export async function measurePeers(count) {
  for (const { name, command, folder } of PEERS) {
    const words = command();
    if (typeof words === 'string') console.log(`${name}: skipped, ${words}`);
    else await measurePeer(name, words(count), count, folder);
  }
}

async function measurePeer(name, [program, ...args], count, folder) {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-bench-')));
  folder(base, count);
  const env = { ...process.env, PORT: '0', TURBO_TELEMETRY_DISABLED: '1' };
  const child = spawn(program, args, { cwd: base, env, stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  while (descendantsOf(child.pid).filter(isService).length < count) await pause(200);
  const start = cpuOf(child.pid);
  let last = start;
  const timer = setInterval(() => {
    try {
      last = cpuOf(child.pid);
    } catch {
      clearInterval(timer);
    }
  }, 10);
  child.kill('SIGINT');
  await ended;
  clearInterval(timer);
  rmSync(base, { recursive: true });
  console.log(
    `${name}, ${count} services: start ${start.toFixed(0)} ms, stop ${((last - start) / count).toFixed(1)} ms a service`,
  );
}
