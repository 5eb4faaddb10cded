// How long a command takes that only talks to the daemon, and a daemon until it is ready, as ratios to `node -e 0`
// in the same run:
//
//     node test/bench/startup.js [ROUNDS]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const rounds = Number(process.argv[2] ?? 21);
const portramp = resolve(import.meta.dirname, '../../bin/portramp.js');
const home = mkdtempSync(join(tmpdir(), 'portramp-bench-'));
const env = { ...process.env, PORTRAMP_HOME: join(home, 'state'), PORTRAMP_HTTP_PORT: '0' };
const run = (...args) => execFileSync(process.execPath, args, { env, stdio: 'ignore' });

/** Milliseconds that the command takes as a whole process. */
function time(...args) {
  const start = performance.now();
  run(...args);
  return performance.now() - start;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Both in turn, so that a noisy moment meets both. */
function compare(measure, before = () => undefined) {
  const ratios = [];
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    before();
    const node = time('-e', '0');
    const own = measure();
    ratios.push(own / node);
    times.push(own);
  }
  return { ratio: median(ratios), ms: median(times), least: Math.min(...ratios), most: Math.max(...ratios) };
}

const print = (what, { ratio, ms, least, most }, target) =>
  console.log(
    `${what.padEnd(34)} ${ratio.toFixed(2)} × node -e 0  (${least.toFixed(2)} to ${most.toFixed(2)}, ${ms.toFixed(0)} ms)` +
      (target === undefined ? '' : `  target ≤ ${target.toFixed(1)}`),
  );

try {
  run(portramp, 'daemon', 'start');
  console.log(`Node ${process.versions.node}, ${rounds} rounds, medians`);
  print(
    'portramp ls, warm daemon',
    compare(() => time(portramp, 'ls')),
    2,
  );
  print(
    'portramp --version',
    compare(() => time(portramp, '--version')),
  );
  print(
    'portramp daemon start, until ready',
    compare(
      () => time(portramp, 'daemon', 'start'),
      () => run(portramp, 'daemon', 'stop'),
    ),
  );
} finally {
  spawnSync(process.execPath, [portramp, 'daemon', 'stop', '--force'], { env, stdio: 'ignore' });
  rmSync(home, { recursive: true });
}
