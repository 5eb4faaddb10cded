/** What is remembered of tasks and of starts, on a disk that fails: a failure to look is no finding, and nothing is lost. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { ResolvedService } from '../../../src/plan/plan.ts';
import { openStartMemory } from '../../../src/stack/readiness/starts.ts';
import { openTaskRecord, type TaskRecord } from '../../../src/stack/tasks/record.ts';
import { DISK_ERRORS, FAILING_LOOKS, FAILING_WRITES, useFailingDisk } from '../failing-disk.ts';
import { arm, disarm } from '../faults.ts';
import { createManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

const disk = useFailingDisk();
let path = '';
let problems: string[];

beforeEach(() => {
  path = disk.path('shop.json');
  problems = [];
});

const WRITES = [...FAILING_WRITES, ...DISK_ERRORS.map((code) => ['mkdir', code] as const)];

const record = (): TaskRecord => openTaskRecord({ path, onProblem: (problem) => problems.push(problem) });

function taskOf(name: string, run: 'once' | 'changed'): ResolvedService {
  const service = resolutionOf(
    `services:\n  ${name}: { kind: task, command: run, run: ${run} }\n`,
  ).services.get(name);
  if (service === undefined) throw new Error('no such task');
  return { ...service, dir: disk.folder };
}

const isDone = async (tasks: TaskRecord, task: ResolvedService): Promise<boolean | undefined> =>
  (await tasks.judge(task))?.isDone;

const succeed = async (tasks: TaskRecord, task: ResolvedService): Promise<void> =>
  (await tasks.judge(task, true))?.succeed();

describe.each(['once', 'changed'] as const)('a task that runs %s', (run) => {
  const seed = taskOf('seed', run);
  const other = taskOf('other', run);

  it.each(WRITES)(
    'and cannot be remembered (%s, %s) is done in this run, and kept with the next',
    async (name, code) => {
      const tasks = record();
      await succeed(tasks, other);
      const before = readFileSync(path, 'utf8');
      arm({ name, code });
      await succeed(tasks, seed);
      await succeed(tasks, seed);
      expect(problems).toEqual([
        expect.stringMatching(`^cannot remember that seed is done: .*shop.json: ${code}`),
      ]);
      expect(await isDone(tasks, seed)).toBe(true);
      expect(readFileSync(path, 'utf8')).toBe(before);
      expect(disk.entries()).toEqual(['shop.json']);
      disarm();
      await succeed(tasks, other);
      expect([await isDone(record(), seed), await isDone(record(), other)]).toEqual([true, true]);
      expect(problems).toHaveLength(1);
    },
  );

  it.each(FAILING_LOOKS)(
    'whose record cannot be read (%s) is not taken for forgotten',
    { timeout: 30_000 },
    async (code) => {
      await succeed(record(), seed);
      const before = readFileSync(path, 'utf8');
      const tasks = record();
      arm({ name: 'readFile', code });
      if (run === 'once') {
        await expect(tasks.judge(seed)).rejects.toMatchObject({
          code: 'SYSTEM',
          message: expect.stringMatching(`^cannot tell whether seed was done before: .*${code}`) as string,
          hint:
            code === 'EIO'
              ? 'see what the system log says of it: dmesg | tail'
              : `open it to yourself: chmod -R u+rwX ${path}`,
        });
      } else {
        expect(await isDone(tasks, seed)).toBe(false);
        expect(problems).toEqual([expect.stringContaining(code)]);
      }
      // A person who wants it to run has said so: nothing is looked at.
      expect(await isDone(tasks, other).catch(() => false)).toBe(false);
      await succeed(tasks, other);
      disarm();
      expect(readFileSync(path, 'utf8')).toBe(before);
      await succeed(tasks, taskOf('third', run));
      const found = await Promise.all(
        [seed, other, taskOf('third', run)].map((task) => isDone(record(), task)),
      );
      expect(found).toEqual([true, true, true]);
    },
  );
});

it('a machine that has no file left for a moment is waited for', async () => {
  const seed = taskOf('seed', 'once');
  await succeed(record(), seed);
  arm({ name: 'readFile', code: 'ENFILE', times: 2 }, { name: 'open', code: 'ENFILE', times: 2 });
  expect(await isDone(record(), seed)).toBe(true);
  await succeed(record(), taskOf('other', 'once'));
  disarm();
  expect(problems).toEqual([]);
  expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toEqual(['seed', 'other']);
});

describe('the memory of starts', () => {
  const clock = createManualClock();
  const learnOne = async (service: string): Promise<void> => {
    const memory = openStartMemory(path, clock);
    const found = resolutionOf(`services:\n  ${service}: { command: run }\n`).services.get(service);
    if (found === undefined) throw new Error('no such service');
    memory.begin(found).learn({ kind: 'silent', passable: true } as never, false);
    await memory.close();
  };

  it.each(FAILING_LOOKS)('that cannot be read (%s) is left as it is', async (code) => {
    await learnOne('api');
    const before = readFileSync(path, 'utf8');
    arm({ name: 'readFile', code });
    await learnOne('web');
    disarm();
    expect(readFileSync(path, 'utf8')).toBe(before);
    await learnOne('web');
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toEqual(['api', 'web']);
  });

  it.each(WRITES)('that cannot be written (%s, %s) keeps what it held', async (name, code) => {
    await learnOne('api');
    const before = readFileSync(path, 'utf8');
    arm({ name, code });
    await learnOne('web');
    disarm();
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(disk.entries()).toEqual(['shop.json']);
  });

  it('that is broken is like none', async () => {
    writeFileSync(path, '{');
    await learnOne('api');
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toEqual(['api']);
  });
});
