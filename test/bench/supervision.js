// What supervision costs: a ramp's extra hop, a flood of logs, and an idle stack.
//
//     node test/bench/supervision.js [SECONDS]       how long the idle stack is watched, 60 by default
//
// Linux only: CPU and memory are read from /proc. Targets: daemon and runner together at most 0.5 % of a core with 20
// services at rest; each of them at most 120 MB after 1 GB of logs. The hop has none: it is told as a ratio to the same
// requests without it, in turns in the same run. Exit code 1 when a target is missed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const seconds = Number(process.argv[2] ?? 60);
const portramp = resolve(import.meta.dirname, '../../bin/portramp.js');
const server = resolve(import.meta.dirname, '../process/programs/server.js');
const base = mkdtempSync(join(tmpdir(), 'portramp-bench-'));
const env = { ...process.env, PORTRAMP_HOME: join(base, 'state'), PORTRAMP_HTTP_PORT: '0', NO_COLOR: '1' };
const run = (cwd, ...args) =>
  execFileSync(process.execPath, [portramp, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

function workspace(name, services) {
  const root = join(base, name);
  mkdirSync(root);
  writeFileSync(join(root, 'portramp.yaml'), `version: 1\nworkspace: ${name}\nservices:\n${services}`);
  return root;
}

/** Seconds of CPU that the process has had (proc(5): fields 14 and 15, in ticks of 10 ms). */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One line: what, how much, and against its target if it has one. */
function print(what, value, { target, met } = {}) {
  const verdict = target === undefined ? '' : `  target ${target}: ${met ? 'met' : 'MISSED'}`;
  console.log(`${what.padEnd(36)} ${value}${verdict}`);
  if (met === false) process.exitCode = 1;
}

/** Megabytes: now, and at most. */
function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { now: read('VmRSS'), most: read('VmHWM') };
}

const processes = (root) => ({
  daemon: JSON.parse(run(root, 'daemon', 'status', '--json')).pid,
  runner: JSON.parse(run(root, 'ls', '--json')).stacks[0].pid,
});

async function idle() {
  const services = Array.from(
    { length: 20 },
    (_, index) => `  s${index}: { command: [${process.execPath}, ${server}], ready: { http: /healthz } }\n`,
  );
  const root = workspace('idle', services.join(''));
  run(root, 'dev', '-d');
  const pids = processes(root);
  // New instances are looked at more often for a while.
  await pause(25_000);
  const before = Object.entries(pids).map(([name, pid]) => [name, cpuOf(pid)]);
  await pause(seconds * 1_000);
  const shares = before.map(([name, cpu]) => [name, ((cpuOf(pids[name]) - cpu) / seconds) * 100]);
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  const parts = shares.map(([name, share]) => `${name} ${share.toFixed(2)} %`).join(', ');
  print(`idle, 20 services, ${seconds} s`, `${sum.toFixed(2)} % of a core (${parts})`, {
    target: '≤ 0.50 %',
    met: sum <= 0.5,
  });
  run(root, 'down');
}

const FLOOD = `  flood:
    command: "yes 'a line of a log, about as long as lines are in the logs of most programs' | head -c 1G; echo; echo done; exec sleep 1000"
    ports: false
    ready: { log: ^done$ }
`;

/** In the background, and in a terminal that goes nowhere. */
async function logs() {
  const root = workspace('logs', FLOOD);
  const began = performance.now();
  run(root, 'dev', '-d');
  const took = (performance.now() - began) / 1_000;
  for (const [name, pid] of Object.entries(processes(root))) printMemory(name, pid);
  print('1 GB of logs', `${took.toFixed(1)} s, ${(1_024 / took).toFixed(0)} MiB/s`);
  run(root, 'down');

  const shown = workspace('shown', FLOOD);
  const runner = spawn(process.execPath, [portramp, 'dev'], { cwd: shown, env, stdio: 'ignore' });
  const ended = new Promise((done) => runner.once('exit', done));
  while (!JSON.parse(run(shown, 'ls', '--json')).stacks.some(({ root: at }) => at === realpathSync(shown)))
    await pause(100);
  run(shown, 'wait', 'flood', '--timeout', '300s');
  printMemory('runner in front', runner.pid);
  runner.kill('SIGINT');
  await ended;
}

function printMemory(name, pid) {
  const { now, most } = memoryOf(pid);
  print(`after 1 GB of logs, ${name}`, `${now} MB, at most ${most} MB`, {
    target: '≤ 120 MB',
    met: now <= 120,
  });
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Microseconds of one request on a kept connection, median of many. */
async function latency(port, path, count) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const times = [];
  for (let round = 0; round < count; round += 1) {
    const start = performance.now();
    await new Promise((done, fail) => {
      http
        .get({ host: '127.0.0.1', port, path, agent }, (response) => response.resume().once('end', done))
        .once('error', fail);
    });
    times.push((performance.now() - start) * 1_000);
  }
  agent.destroy();
  return median(times.slice(count / 10));
}

const HOPS = [
  { path: '/', count: 2_000, unit: 'request' },
  { path: '/big', count: 200, unit: 'MiB' },
];

async function hop() {
  const program = `const b = Buffer.alloc(1 << 20); require('http').createServer((q, s) => s.end(q.url === '/big' ? b : 'ok')).listen(process.env.PORT, '127.0.0.1')`;
  const root = workspace(
    'hop',
    `  http: { command: [${process.execPath}, -e, ${JSON.stringify(program)}], ramp: true, ready: { http: / } }\n` +
      `  tcp:\n    command: [${process.execPath}, -e, ${JSON.stringify(program)}]\n    ramp: true\n    ports: { http: { appProtocol: tcp } }\n    ready: { tcp: true }\n`,
  );
  run(root, 'dev', '-d');
  const { services, pid: runner } = JSON.parse(run(root, 'ls', '--json')).stacks[0];
  for (const { name, ports } of services) {
    for (const each of HOPS) await measureHop(name, ports[0], runner, each);
  }
  run(root, 'down');
}

async function measureHop(name, { port, targetPort }, runner, { path, count, unit }) {
  // In turns, so that a noisy moment meets both.
  const rounds = [];
  let cpu = 0;
  for (let round = 0; round < 5; round += 1) {
    const direct = await latency(targetPort, path, count);
    const before = cpuOf(runner);
    const ramped = await latency(port, path, count);
    cpu += cpuOf(runner) - before;
    rounds.push({ direct, ramped, ratio: ramped / direct });
  }
  const [direct, ramped, ratio] = ['direct', 'ramped', 'ratio'].map((key) =>
    median(rounds.map((round) => round[key])),
  );
  print(
    `${name} ramp, per ${unit}`,
    `× ${ratio.toFixed(2)} of direct (+ ${(ramped - direct).toFixed(0)} µs on ${direct.toFixed(0)}); ` +
      `${((cpu / rounds.length / count) * 1e6).toFixed(0)} µs of the runner's CPU`,
  );
}

try {
  console.log(`Node ${process.versions.node}`);
  await hop();
  await logs();
  await idle();
} finally {
  spawnSync(process.execPath, [portramp, 'down', '--all'], { env, stdio: 'ignore' });
  spawnSync(process.execPath, [portramp, 'daemon', 'stop', '--force'], { env, stdio: 'ignore' });
  rmSync(base, { recursive: true });
}
