/** Which lines of a log are those of the process that is there now. */
import { expect, it } from 'vitest';

import { ofPresent, pickLast } from '../../../src/cli/waiting/last-lines.ts';
import { describeStart, type LogLine } from '../../../src/stack/logs/line.ts';

const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  time: '2026-11-25T08:00:00.000Z',
  service: 'api',
  stream: 'stdout',
  sequence: 1,
  text,
  ...more,
});
const started = (pid: number | undefined, replica?: number): LogLine =>
  line(describeStart(pid), { stream: 'portramp', ...(replica === undefined ? {} : { replica }) });
const texts = (lines: readonly LogLine[]): string[] => ofPresent(lines).map(({ text }) => text);

it('what an earlier process printed is not of the present one', () => {
  expect(texts([line('crash'), started(7), line('loading'), started(8), line('hello')])).toEqual(['hello']);
  expect(texts([line('crash'), started(undefined), line('hello')])).toEqual(['hello']);
});

it('of each replica the lines since its own start count', () => {
  const lines = [
    line('a', { replica: 0 }),
    line('b', { replica: 1 }),
    started(8, 1),
    line('c', { replica: 1 }),
  ];
  expect(texts(lines)).toEqual(['a', 'c']);
});

it('only portramp says that a process has started', () => {
  expect(texts([line('one'), line('started (pid 7)'), line('two')])).toEqual([
    'one',
    'started (pid 7)',
    'two',
  ]);
  expect(texts([line('one'), line('exited with code 1', { stream: 'portramp' })])).toEqual(['one']);
});

it('frames within Node and blank lines take no room from what says why', () => {
  const frames = Array.from(
    { length: 12 },
    (_, at) => `    at step${at} (node:internal/modules/esm/resolve:${at}:1)`,
  );
  const bare = [
    '    at node:internal/main/run_main:1:1',
    '\u001B[90m    at go (node:internal/x:1:1)\u001B[39m',
    '',
    '  ',
  ];
  const own = '    at Object.<anonymous> (/shop/api.js:3:1)';
  expect(
    pickLast(["Error: Cannot find package 'express'", own, ...frames, ...bare, 'Node.js v20.20.2']),
  ).toEqual(["Error: Cannot find package 'express'", own, 'Node.js v20.20.2']);
  expect(pickLast(['look at node: it runs', 'at last'])).toEqual(['look at node: it runs', 'at last']);
  expect(pickLast(Array.from({ length: 30 }, (_, at) => `${at}`))).toHaveLength(10);
});
