// What stacks of five containers with healthchecks of one second cost: at rest, and to start beside Compose by hand.
//
//     node test/bench/compose.js [PART] [SECONDS]        rest or start, both by default; how long rest is watched, 60
//
// Needs a container engine (DOCKER_HOST), Docker Compose (PORTRAMP_COMPOSE, else `docker compose`) and a static busybox.
// CPU is what /proc counts of portramp's own processes. Linux only. Exit code 1 when a target is missed.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { childrenOf, exactCpuOf, memoryOf } from './scale/cost.js';
import { createBase } from './scale/stacks.js';

const words = process.argv.slice(2);
const parts = words.filter((word) => /^(rest|start)$/.test(word));
const seconds = Number(words.find((word) => /^\d+$/.test(word)) ?? 60);
const compose = (process.env.PORTRAMP_COMPOSE ?? 'docker compose').split(' ');
const NAMES = ['db', 'cache', 'queue', 'mail', 'web'];
const IMAGE = 'portramp/bench:1';
const ROUNDS = 5;
/** Milliseconds; a service that has just become ready is looked at more often. */
const YOUTH = 25_000;

/** One line: what, how much, and against its target if it has one. */
function print(what, value, unit, most) {
  const verdict = most === undefined ? '' : `  target ≤ ${most}: ${value <= most ? 'met' : 'MISSED'}`;
  console.log(`${what.padEnd(60)} ${value.toFixed(value < 10 ? 1 : 0).padStart(8)} ${unit}${verdict}`);
  if (value > most) process.exitCode = 1;
}

const docker = (...args) => execFileSync('docker', args, { encoding: 'utf8' }).trim();

function importImage(base) {
  const root = join(base, 'image');
  for (const folder of ['bin', 'www', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'www/index.html'), 'hi');
  copyFileSync(execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim(), join(root, 'bin/busybox'));
  for (const applet of ['sh', 'httpd', 'wget']) symlinkSync('busybox', join(root, 'bin', applet));
  execFileSync('tar', ['-C', root, '-cf', join(base, 'image.tar'), '.']);
  docker('import', '-c', 'ENV PATH=/bin', join(base, 'image.tar'), IMAGE);
}

/** A checkout with a contract and a Compose file. */
function writeStack(base, name) {
  const root = join(base, name);
  mkdirSync(root);
  const services = NAMES.map(
    (service) => `  ${service}:
    image: ${IMAGE}
    init: true
    stop_signal: SIGKILL
    command: [httpd, -f, -p, "80", -h, /www]
    ports: ["80"]
    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 1s, retries: 3 }
`,
  );
  writeFileSync(join(root, 'compose.yaml'), `services:\n${services.join('')}`);
  writeFileSync(
    join(root, 'portramp.yaml'),
    `version: 1\nworkspace: ${name}\nservices: { db: { compose: db } }\n`,
  );
  return root;
}

/** A Compose that writes down each time it is called. */
function counted(base) {
  const log = join(base, 'calls');
  const program = join(base, 'compose');
  writeFileSync(log, '');
  const words = compose.map((word) => `'${word}'`).join(' ');
  writeFileSync(program, `#!/bin/sh\necho "$*" >>'${log}'\nexec ${words} "$@"\n`);
  chmodSync(program, 0o755);
  return { program, calls: () => readFileSync(log, 'utf8').split('\n').length - 1 };
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];

async function measureStart(roots) {
  const [first] = roots;
  const byHand = (...rest) => promisify(execFile)(compose[0], [...compose.slice(1), ...rest], { cwd: first });
  // Once each: images, networks and caches are there from then on.
  await byHand('up', '-d', '--wait');
  await byHand('down');
  await scene.run(first, 'dev', '-d');
  await scene.run(first, 'down');

  const hand = [];
  const ours = [];
  let calls = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    hand.push(await timed(() => byHand('up', '-d', '--wait')));
    await byHand('down');
    const before = counter.calls();
    ours.push(await timed(() => scene.run(first, 'dev', '-d')));
    calls = counter.calls() - before;
    await scene.run(first, 'down');
  }
  print('start: docker compose up -d --wait, by hand', median(hand), 'ms');
  print('start: portramp dev -d', median(ours), 'ms');
  print('start: portramp dev -d, calls of Compose', calls, '');
  print('start: what portramp adds', median(ours.map((one, index) => one - hand[index])), 'ms', 1_500);

  const three = [];
  for (let round = 0; round < 3; round += 1) {
    three.push(await timed(() => Promise.all(roots.slice(0, 3).map((root) => scene.run(root, 'dev', '-d')))));
    for (const root of roots.slice(0, 3)) await scene.run(root, 'down');
  }
  print('start: three stacks at once', median(three), 'ms');
  print('start: three stacks at once, beside one', median(three) / median(ours), 'times', 3);
}

async function measureRest(roots) {
  const [first] = roots;
  await scene.run(first, 'dev', '-d');
  const runnersOf = async () => (await scene.listing()).map(({ pid }) => pid);
  const daemon = await scene.daemon();
  await pause(YOUTH);
  const watched = (await runnersOf()).flatMap((pid) => [pid, ...childrenOf(pid)]);
  const pids = [daemon, ...watched];
  const spent = pids.map(exactCpuOf);
  const called = counter.calls();
  await pause(seconds * 1_000);
  const costs = pids.map((pid, index) => ((exactCpuOf(pid) - spent[index]) / seconds) * 60);
  print('at rest: calls of Compose, a minute', ((counter.calls() - called) / seconds) * 60, '', 2);
  print('at rest: daemon, a minute', costs[0], 'ms');
  print('at rest: runner, a minute', costs[1], 'ms');
  print(
    'at rest: its helpers, a minute',
    costs.slice(2).reduce((sum, one) => sum + one, 0),
    'ms',
  );
  print(
    'at rest: all of portramp, a minute',
    costs.reduce((sum, one) => sum + one, 0),
    'ms',
    60,
  );

  for (const root of roots.slice(1)) await scene.run(root, 'dev', '-d');
  const helpers = (await runnersOf()).flatMap(childrenOf);
  print('four stacks: helper processes', helpers.length, '');
  print(
    'four stacks: memory of helpers (PSS)',
    helpers.map(memoryOf).reduce((sum, one) => sum + one, 0),
    'MB',
    40,
  );
}

const scene = createBase();
const counter = counted(scene.base);
try {
  importImage(scene.base);
  scene.env.PORTRAMP_COMPOSE = counter.program;
  const roots = ['one', 'two', 'three', 'four'].map((name) => writeStack(scene.base, name));
  if (parts[0] !== 'rest') await measureStart(roots);
  if (parts[0] !== 'start') await measureRest(roots);
} finally {
  scene.close();
}
