// How long `portramp check` takes on a workspace of 200 services and 5,000 tracked files, as a ratio to `node -e 0`
// in the same run:
//
//     node test/bench/check.js [ROUNDS]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SERVICES = 200;
const FILES = 5_000;
const TARGET = 15;

const rounds = Number(process.argv[2] ?? 15);
const portramp = resolve(import.meta.dirname, '../../bin/portramp.js');
const base = mkdtempSync(join(tmpdir(), 'portramp-bench-'));
const root = join(base, 'workspace');
const env = { ...process.env, PORTRAMP_HOME: join(base, 'state'), PORTRAMP_HTTP_PORT: '0' };

function write(path, text) {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** About 4 KiB of code; one file in fifty has an address in it. */
function sourceOf(index) {
  const lines = Array.from(
    { length: 100 },
    (_, line) => `export const value${line} = compute(${index}, ${line * 7}); // see value${line - 1}`,
  );
  if (index % 50 === 0) lines[40] = `const api = 'http://localhost:${3000 + (index % 7)}/v1';`;
  return `${lines.join('\n')}\n`;
}

function createWorkspace() {
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const consumes = index === 0 ? [] : [`s${index - 1}`, ...(index > 9 ? [`s${index % 10}`] : [])];
    return [
      `  s${index}:`,
      `    dir: apps/s${index}`,
      '    command: npm run dev',
      `    consumes: [${[...new Set(consumes)].join(', ')}]`,
      ...(index % 10 === 0 ? [`    ports: { http: { static: ${20_000 + index / 10} } }`] : []),
      '    env:',
      '      ORIGIN: ${self.publicUrl}',
      ...(index === 0 ? [] : [`      UPSTREAM: \${s${index - 1}.url}`]),
    ].join('\n');
  });
  write('portramp.yaml', `version: 1\nworkspace: bench\nservices:\n${services.join('\n')}\n`);
  for (let index = 0; index < SERVICES; index += 1) {
    write(`apps/s${index}/package.json`, '{ "scripts": { "dev": "node server.js" } }\n');
  }
  const rest = FILES - SERVICES - 1;
  for (let index = 0; index < rest; index += 1) {
    write(`apps/s${index % SERVICES}/src/file${index}.ts`, sourceOf(index));
  }
  for (const args of [
    ['init', '--quiet'],
    ['add', '--all'],
  ])
    execFileSync('git', args, { cwd: root });
}

/** Milliseconds of a whole process. */
function time(...args) {
  const start = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}\n${stdout}`);
  return performance.now() - start;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  createWorkspace();
  // A pair in turn, so that a noisy moment meets both; the first one only warms the cache of files.
  time(portramp, 'check');
  const pairs = Array.from({ length: rounds }, () => [time('-e', '0'), time(portramp, 'check')]);
  const ratios = pairs.map(([node, own]) => own / node);
  const ms = median(pairs.map(([, own]) => own));
  console.log(`Node ${process.versions.node}, ${rounds} rounds, medians`);
  console.log(
    `portramp check, ${SERVICES} services, ${FILES} files  ${median(ratios).toFixed(2)} × node -e 0  ` +
      `(${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}, ${ms.toFixed(0)} ms)  target ≤ ${TARGET}`,
  );
} finally {
  rmSync(base, { recursive: true });
}
