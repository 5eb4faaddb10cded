/**
 * `npm run coverage -- [TEST…]`: which statements of the source any test runs. Unit and property tests are counted by
 * vitest; the bundled daemon, runner and command line count themselves, wherever a test starts them, and their source
 * maps say of what. Without names all process tests run. A process that is killed has not told what it ran.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { addBundleLines, type Lines, type ProcessCoverage } from './bundle-lines.ts';
import { render, reportAll, type UnitCoverage } from './report.ts';

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'portramp-coverage-'));
const counted = join(folder, 'processes');

function vitest(project: string, words: readonly string[], env: NodeJS.ProcessEnv): number {
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    '--project',
    project,
  ];
  return spawnSync(process.execPath, [...args, ...words], { cwd: root, stdio: 'inherit', env }).status ?? 1;
}

const COUNT_UNIT = [
  '--coverage.enabled',
  '--coverage.provider=v8',
  '--coverage.include=src/**/*.ts',
  '--coverage.reporter=json',
  `--coverage.reportsDirectory=${join(folder, 'unit')}`,
  '--coverage.reportOnFailure',
];

function readLines(): Lines {
  const lines: Lines = new Map();
  for (const name of readdirSync(counted)) {
    try {
      addBundleLines(lines, JSON.parse(readFileSync(join(counted, name), 'utf8')) as ProcessCoverage);
    } catch {
      // Somebody was ended while writing it: what others ran is counted.
    }
  }
  return lines;
}

try {
  mkdirSync(counted);
  const unit = vitest('unit', COUNT_UNIT, process.env);
  const processes = vitest('process', process.argv.slice(2), { ...process.env, NODE_V8_COVERAGE: counted });
  const text = readFileSync(join(folder, 'unit', 'coverage-final.json'), 'utf8');
  const units = Object.values(JSON.parse(text) as Record<string, UnitCoverage>);
  const report = render(reportAll(units, readLines()));
  mkdirSync(join(root, 'coverage'), { recursive: true });
  writeFileSync(join(root, 'coverage', 'report.txt'), `${report}\n`);
  console.log(report);
  // Without the maps again.
  spawnSync(process.execPath, [join(root, 'bin/build.js')], { cwd: root, stdio: 'inherit' });
  process.exitCode = unit || processes;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
