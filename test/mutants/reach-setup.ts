/** Runs before each test file of `reach.config.ts`: writes a line with each mark that was reached, and the file. */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { afterAll, expect } from 'vitest';

import { MARK } from './mark.ts';

const reached = new Set<number>();
Object.assign(globalThis, { [MARK]: (mark: number) => reached.add(mark) });

afterAll(() => {
  const report = process.env['MUTANTS_REACHED'];
  const { testPath } = expect.getState();
  if (report === undefined || testPath === undefined) throw new Error('runs for npm run mutants alone');
  const file = relative(process.cwd(), testPath);
  appendFileSync(report, [...reached].map((mark) => `${mark} ${file}\n`).join(''));
});
