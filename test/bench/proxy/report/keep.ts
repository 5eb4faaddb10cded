/** What is told of a run, and what is kept of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';

import { renderMarkdown } from './markdown.ts';
import { outcomesOf, type Result } from './result.ts';

const RESULTS = resolve('test/bench/results');
const UPDATE =
  'UPDATE_README=1 npx vitest run --config test/vitest.config.ts --project unit test/unit/readme.test.ts';

/** When, with what and where. */
export const circumstances = (): Pick<Result, 'date' | 'commit' | 'machine'> => ({
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
  machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}`,
});

export function keep(result: Result): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, 'proxy.md'), renderMarkdown(result));
  const whole = { ...result, outcomes: outcomesOf(result) };
  writeFileSync(join(RESULTS, 'proxy.json'), `${JSON.stringify(whole, undefined, 2)}\n`);
  console.log(`Written to ${RESULTS}; the README quotes it after\n  ${UPDATE}`);
}
