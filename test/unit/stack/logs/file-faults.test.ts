/** The log of a service on a disk that fails: its lines come late and once each, and the service goes on. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { eventually } from '../../../eventually.ts';
import type { PortrampError } from '../../../../src/lib/errors.ts';
import { openLogFile, type LogFile } from '../../../../src/stack/logs/file.ts';
import { listLogs, readLogs } from '../../../../src/stack/logs/read.ts';
import { DISK_ERRORS, useFailingDisk } from '../../failing-disk.ts';
import { arm, calls, disarm } from '../../faults.ts';

vi.mock('node:fs/promises', async (original) => (await import('../../faults.ts')).faulty(await original()));

const disk = useFailingDisk();
let path = '';
let problems: string[];

beforeEach(() => {
  path = disk.path('web.log');
  problems = [];
});

const openFile = (maxSize = 8_000_000, service = 'web'): LogFile =>
  openLogFile({
    path: disk.path(`${service}.log`),
    maxSize,
    onProblem: (problem) => problems.push(problem),
  });

const line = (number: number): string => `2026-11-25T08:00:00.000Z ${number} o line ${number}\n`;

/** Appends a line, and resolves when it has been tried to write it. */
async function append(file: LogFile, number: number): Promise<void> {
  const tries = (): number => calls.filter(({ name }) => TRIES.includes(name)).length;
  const before = tries();
  void file.append(line(number));
  await eventually(() => expect(tries()).toBeGreaterThan(before));
}

/** The first call of a batch is one of these. */
const TRIES = ['open', 'open.stat'];

const holds = (...numbers: readonly number[]): Promise<void> =>
  eventually(() => expect(readFileSync(path, 'utf8')).toBe(numbers.map(line).join('')));

const isTold = (code: string): Promise<void> =>
  eventually(() => expect(problems).toEqual([expect.stringContaining(code)]));

describe.each([...DISK_ERRORS, 'ENFILE'] as const)('a log file and %s', (code) => {
  it.each(['open', 'open.stat', 'open.appendFile'])('in %s: told once, and nothing is lost', async (name) => {
    const file = openFile();
    if (name !== 'open') {
      await append(file, 1);
      await holds(1);
    }
    arm({ name, code });
    await append(file, 2);
    await isTold(code);
    await append(file, 3);
    disarm();
    await append(file, 4);
    await file.close();
    await holds(...(name === 'open' ? [] : [1]), 2, 3, 4);
    expect(problems).toHaveLength(1);
  });

  it.each([true, false])(
    'after half a line is on disk: no line is half (it can be taken back: %s)',
    async (canTake) => {
      const file = openFile();
      await append(file, 1);
      await holds(1);
      arm({
        name: 'open.appendFile',
        code,
        times: 1,
        meanwhile: () => appendFileSync(path, '2026-11-25T08:00'),
      });
      if (!canTake) arm({ name: 'open.truncate', code, times: 1 });
      await append(file, 2);
      await isTold(code);
      await append(file, 3);
      await file.close();
      const lines = readFileSync(path, 'utf8').split('\n');
      expect(lines.filter((text) => text.includes('line')).map((text) => `${text}\n`)).toEqual(
        [1, 2, 3].map(line),
      );
      expect(lines).toHaveLength(canTake ? 4 : 5);
    },
  );

  it('in rename: it grows on for a while, and is moved later', async () => {
    const file = openFile(100);
    for (const number of [1, 2, 3]) await append(file, number);
    await holds(1, 2, 3);
    arm({ name: 'rename', code, times: 1 });
    await append(file, 4);
    await holds(1, 2, 3, 4);
    await isTold(code);
    expect(disk.entries()).toEqual(['web.log']);
    await append(file, 5);
    await file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe([1, 2, 3, 4].map(line).join(''));
    expect(readFileSync(path, 'utf8')).toBe(line(5));
  });

  it('in rename, for ever: it is bounded, and its service is not held up', async () => {
    const file = openFile(100);
    arm({ name: 'rename', code });
    for (let number = 1; number < 12; number += 1) await append(file, number);
    expect(readFileSync(path, 'utf8').length).toBeLessThan(400);
    await isTold(code);
    await file.close();
  });

  it('in close: told, and the others are closed', async () => {
    const file = openFile();
    await append(file, 1);
    await holds(1);
    arm({ name: 'open.close', code });
    await file.close();
    await isTold(code);
  });

  it('in the looks of a reader is no empty log', async () => {
    const file = openFile();
    await append(file, 1);
    await file.close();
    const api = openFile(undefined, 'api');
    await append(api, 2);
    await api.close();
    arm({ name: 'open', code, path: /web/ });
    const { signal } = new AbortController();
    const told: PortrampError[] = [];
    const onProblem = (problem: PortrampError): void => void told.push(problem);
    const read = readLogs({ folder: disk.folder, tail: 10, follow: false, signal, onProblem });
    // The others are read.
    expect(await read.next()).toMatchObject({ done: false, value: { service: 'api', text: 'line 2' } });
    expect(await read.next()).toMatchObject({ done: true });
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringMatching(new RegExp(`^cannot read ${path}: ${code}`)),
    ]);
    disarm();
    arm({ name: 'readdir', code, times: 1 });
    await expect(listLogs(disk.folder)).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: expect.stringContaining(code) as string,
    });
    expect(await listLogs(disk.folder)).toEqual(['api', 'web']);
  });
});

it('what waits for the disk is bounded, and the last of it is kept', async () => {
  const file = openFile();
  arm({ name: 'open', code: 'EIO' });
  for (let number = 0; number < 12_000; number += 1) void file.append(line(number));
  await isTold('EIO');
  disarm();
  await append(file, 12_000);
  await file.close();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(readFileSync(path, 'utf8').length).toBeLessThan(140_000);
  expect(lines.at(-1)).toBe(line(12_000).trimEnd());
  expect(lines.map((text) => `${text}\n`)).toEqual(
    Array.from({ length: lines.length }, (_, index) => line(12_001 - lines.length + index)),
  );
});

it.each([
  ['a folder', (): void => mkdirSync(path), 'EISDIR'],
  // Nobody reads it: to wait until somebody does would hold up the service whose lines these are.
  ['a named pipe', (): void => void execFileSync('mkfifo', [path]), 'ENXIO'],
])('%s in its place is told, and left', async (_, place, code) => {
  place();
  const file = openFile();
  await append(file, 1);
  await file.close();
  await isTold(code);
});
