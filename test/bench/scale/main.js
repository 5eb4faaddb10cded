// What grows with the work: how much CPU stacks of 5, 50 and 200 services take to start, at rest and to stop, and 5 and
// 20 stacks of 15 together. CPU is what /proc counts, so that a busy machine does not matter much.
//
//     node test/bench/scale/main.js [SECONDS]        how long rest is watched, 60 by default
//
// Beside it, starts and stops by concurrently and turbo where they are installed. Linux only. Exit code 1 when a target
// is missed.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { cpuOf, exactCpuOf, memoryOf } from './cost.js';
import { measurePeers } from './peers.js';
import { createBase } from './stacks.js';

const seconds = Number(process.argv[2] ?? 60);

/** New instances are looked at more often for a while. Milliseconds. */
const YOUTH = 25_000;

/** One line: what, how much, and against its target if it has one. */
function print(what, value, unit, most) {
  const digits = value < 10 ? 1 : 0;
  const verdict = most === undefined ? '' : `  target ≤ ${most}: ${value <= most ? 'met' : 'MISSED'}`;
  console.log(`${what.padEnd(56)} ${value.toFixed(digits).padStart(8)} ${unit}${verdict}`);
  if (value > most) process.exitCode = 1;
}

/** Runs the work, and gives what the process has had of the CPU at its end (milliseconds). */
async function cpuUntilEnd(pid, work) {
  let last = cpuOf(pid);
  const timer = setInterval(() => {
    try {
      last = cpuOf(pid);
    } catch {
      clearInterval(timer);
    }
  }, 10);
  await work();
  clearInterval(timer);
  return last;
}

/** Of the watchdog, a minute. */
const LOOKS = 12;

/** Milliseconds of CPU a minute, of each, on a machine where somebody is born every second. */
async function atRest(pids) {
  await pause(YOUTH);
  const before = pids.map(exactCpuOf);
  const births = setInterval(() => spawn('true', { stdio: 'ignore' }), 1_000);
  await pause(seconds * 1_000);
  clearInterval(births);
  return pids.map((pid, index) => ((exactCpuOf(pid) - before[index]) / seconds) * 60);
}

const longest = (blocks, from, to) =>
  Math.max(0, ...blocks.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms));

async function measureStack(count) {
  const rested = await measureRest(count);
  // Once more, with something in the runner that looks at its event loop all the time.
  const blocks = resolve(import.meta.dirname, 'blocks.cjs');
  const scene = createBase({ NODE_OPTIONS: `--require=${blocks}` });
  scene.env.BENCH_BLOCKS = join(scene.base, 'blocks');
  try {
    const began = Date.now();
    const { root, runner } = await scene.start('shop', count);
    const started = Date.now();
    await scene.run(root, 'down');
    const seen = JSON.parse(readFileSync(`${scene.env.BENCH_BLOCKS}.${runner}`, 'utf8'));
    print(`  start: the runner's loop stood still at most`, longest(seen, began, started), 'ms');
    print(`  stop: the runner's loop stood still at most`, longest(seen, started, Infinity), 'ms', 100);
  } finally {
    scene.close();
  }
  return rested;
}

async function measureRest(count) {
  const scene = createBase();
  try {
    const { root, runner, watchdog, took } = await scene.start('shop', count);
    const daemon = await scene.daemon();
    const start = cpuOf(runner);
    console.log(`${count} services, up in ${(took / 1_000).toFixed(1)} s`);
    print('  start: runner', start, 'ms');
    print('  start: daemon', cpuOf(daemon), 'ms');
    const [ofRunner = 0, ofWatchdog = 0, ofDaemon = 0] = await atRest([runner, watchdog, daemon]);
    print('  at rest: runner, a minute', ofRunner, 'ms');
    print('  at rest: watchdog, a minute', ofWatchdog, 'ms');
    print('  at rest: daemon, a minute', ofDaemon, 'ms');
    print(
      '  at rest: runner and watchdog, a minute',
      ofRunner + ofWatchdog,
      'ms',
      count === 5 ? 60 : undefined,
    );
    print('  watchdog: memory (PSS)', memoryOf(watchdog), 'MB', 12);
    print('  watchdog: a look after something was born', ofWatchdog / LOOKS, 'ms', 10);
    const before = cpuOf(runner);
    const stop = (await cpuUntilEnd(runner, () => scene.run(root, 'down'))) - before;
    print('  stop: runner, a service', stop / count, 'ms', count >= 50 ? 2 : undefined);
    return { start, stop };
  } finally {
    scene.close();
  }
}

async function measureMany(stacks, services) {
  const scene = createBase();
  try {
    const started = [];
    for (let index = 0; index < stacks; index += 1) started.push(await scene.start(`shop${index}`, services));
    const daemon = await scene.daemon();
    const pids = [daemon, ...started.flatMap(({ runner, watchdog }) => [runner, watchdog])];
    const shares = await atRest(pids);
    const share = shares.reduce((sum, one) => sum + one, 0) / 600;
    console.log(`${stacks} stacks of ${services} services`);
    print('  at rest: all together, of a core', share, '%', stacks === 20 ? 3 : undefined);
    print('  at rest: the daemon, of a core', shares[0] / 600, '%');
    print(
      '  kill -9 of the daemon: all routes are back after',
      await measureReturn(scene, daemon, started),
      'ms',
      stacks === 20 ? 1_500 : undefined,
    );
  } finally {
    scene.close();
  }
}

/** Milliseconds until every service answers through a front again. */
async function measureReturn(scene, daemon, started) {
  const urls = started.flatMap(({ services }) => services.map(({ ports }) => new URL(ports[0].url)));
  process.kill(daemon, 'SIGKILL');
  const began = performance.now();
  await Promise.all(
    urls.map(async (url) => {
      while (!(await answers(url))) await pause(20);
    }),
  );
  return performance.now() - began;
}

const answers = (url) =>
  new Promise((done) => {
    const request = http.get(
      { host: '127.0.0.1', port: url.port, path: '/healthz', headers: { host: url.host }, agent: false },
      (response) => {
        response.resume();
        done(response.statusCode === 200);
      },
    );
    request.once('error', () => done(false));
    request.setTimeout(2_000, () => request.destroy());
  });

console.log(`Node ${process.versions.node}; CPU as /proc counts it`);
const results = new Map();
for (const count of [5, 50, 200]) results.set(count, await measureStack(count));
const growth = results.get(200).start / results.get(50).start;
console.log('growth');
print('  start: 200 services beside 50', growth, 'times', 4.4);
print('  start: runner, each service more', (results.get(200).start - results.get(5).start) / 195, 'ms', 10);
for (const stacks of [5, 20]) await measureMany(stacks, 15);
await measurePeers(50);
