/** What tests tell about the marks that they came by. Pure. */
import { relative } from 'node:path';
import { z } from 'zod';

/** Reads what the tests wrote: the files that came by each mark, without those that failed. */
export function readReached(report: string, failed: readonly string[]): Map<number, string[]> {
  const reached = new Map<number, string[]>();
  for (const line of report.split('\n')) {
    const [mark = '', file] = line.split(' ');
    if (file === undefined || failed.includes(file)) continue;
    const files = reached.get(Number(mark)) ?? [];
    if (!files.includes(file)) reached.set(Number(mark), [...files, file]);
  }
  return reached;
}

const results = z.object({ testResults: z.array(z.object({ name: z.string(), status: z.string() })) });

/** Reads from vitest's report in JSON which test files failed, by their paths below the root. */
export const readFailed = (report: string, root: string): string[] =>
  results
    .parse(JSON.parse(report))
    .testResults.filter(({ status }) => status !== 'passed')
    .map(({ name }) => relative(root, name));
