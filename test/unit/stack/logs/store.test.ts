import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../../eventually.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { createManualClock } from '../../manual-clock.ts';
import { formatLine, type LogLine } from '../../../../src/stack/logs/line.ts';
import { listLogs, readLogs } from '../../../../src/stack/logs/read.ts';
import { createLogStore } from '../../../../src/stack/logs/store.ts';

let base: string;
let folder: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'portramp-logs-'));
  folder = join(base, 'shop');
});
afterEach(() => rmSync(base, { recursive: true }));

/** Nothing is to be unreadable here. */
const fail = (problem: Error): never => {
  throw problem;
};

const open = (maxFileSize?: number) =>
  createLogStore({ folder, clock: systemClock, ...(maxFileSize === undefined ? {} : { maxFileSize }) });

async function readAll(tail = 1_000, services?: string[]): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const { signal } = new AbortController();
  const options = {
    folder,
    tail,
    follow: false,
    signal,
    onProblem: fail,
    ...(services === undefined ? {} : { services }),
  };
  for await (const line of readLogs(options)) lines.push(line);
  return lines;
}

const lineOf = (sequence: number): string =>
  formatLine({
    time: '2026-11-25T08:00:00.000Z',
    service: 'web',
    stream: 'stdout',
    sequence,
    text: `line ${sequence}`,
  });

const texts = (lines: readonly LogLine[]): string[] => lines.map((line) => line.text);

describe('the log store', () => {
  it('keeps the lines of two launches of a service apart', async () => {
    const store = open();
    const told: LogLine[] = [];
    store.lines.on((line) => told.push(line));
    const [old, next] = [
      { service: 'api', launch: 1 },
      { service: 'api', launch: 2 },
    ] as const;
    void store.write(old, 'stdout', Buffer.from('half of '));
    void store.write(next, 'stdout', Buffer.from('a whole one\n'));
    void store.write(old, 'stdout', Buffer.from('a line\n'));
    expect(told.map(({ launch, text }) => [launch, text])).toEqual([
      [2, 'a whole one'],
      [1, 'half of a line'],
    ]);
    expect([store.tail('api', 9, 1), store.tail('api', 9, 2), store.tail('api', 9)]).toEqual([
      ['half of a line'],
      ['a whole one'],
      ['a whole one', 'half of a line'],
    ]);
    await store.close();
  });

  it('tells, keeps and writes each line', async () => {
    const store = open();
    const told: LogLine[] = [];
    store.lines.on((line) => told.push(line));
    void store.write({ service: 'api' }, 'stdout', Buffer.from('one\ntw'));
    void store.write({ service: 'api' }, 'stderr', Buffer.from('bad\n'));
    void store.write({ service: 'api' }, 'stdout', Buffer.from('o\n'));
    store.note('api', 'exited\nwith code 1');
    await store.close();
    expect(texts(told)).toEqual(['one', 'bad', 'two', 'exited', 'with code 1']);
    expect(store.tail('api', 2)).toEqual(['bad', 'two']);
    expect(await readAll()).toEqual(told);
    expect(await listLogs(folder)).toEqual(['api']);
  });

  it('closes folder and files to others', async () => {
    const store = open();
    store.note('api', 'started');
    await store.close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'api.log')).mode & 0o777).toBe(0o600);
  });

  it('keeps two files of bounded size and the newest lines', async () => {
    for (let index = 0; index < 500; index += 50) {
      // A store each time: what is written at once goes into one file, however much it is.
      const store = open(2_000);
      for (let line = index; line < index + 50; line += 1) {
        void store.write({ service: 'api' }, 'stdout', Buffer.from(`line ${line}\n`));
      }
      await store.close();
    }
    expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.1']);
    expect(texts(await readAll(3))).toEqual(['line 497', 'line 498', 'line 499']);
  });

  it('holds a writer up that is faster than the disk, and loses nothing', async () => {
    const store = open();
    let held = 0;
    for (let index = 0; index < 40; index += 1) {
      const busy = store.write({ service: 'api' }, 'stdout', Buffer.from(`${'x'.repeat(999)}\n`.repeat(20)));
      if (busy !== undefined) {
        held += 1;
        await busy;
      }
    }
    await store.close();
    expect(held).toBeGreaterThan(0);
    expect(await readAll(10_000)).toHaveLength(800);
  });

  it('refuses to follow a link in the place of a file, and goes on', async () => {
    const store = open();
    const target = join(base, 'precious');
    writeFileSync(target, 'mine');
    symlinkSync(target, join(folder, 'api.log'));
    const told: LogLine[] = [];
    store.lines.on((line) => told.push(line));
    store.note('api', 'started');
    await store.close();
    expect(readFileSync(target, 'utf8')).toBe('mine');
    expect(texts(told).join()).toMatch(/started,cannot write .*api\.log/);
  });
});

describe('reading logs', () => {
  it('puts the lines of several services in the order of their time', async () => {
    const clock = createManualClock();
    const store = createLogStore({ folder, clock });
    store.note('api', 'first');
    await clock.advance(1);
    store.note('web', 'second');
    await clock.advance(1);
    store.note('api', 'third');
    await store.close();
    expect(texts(await readAll())).toEqual(['first', 'second', 'third']);
    expect(texts(await readAll(1_000, ['web']))).toEqual(['second']);
    expect(texts(await readAll(0))).toEqual([]);
  });

  it('follows into a new file that has the inode of one it has not seen the end of', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'web.log');
    const write = (from: number, to: number): void => {
      const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      // The same inode, and nothing of what it had.
      writeFileSync(path, numbers.map(lineOf).join(''));
    };
    write(1, 100);
    const abort = new AbortController();
    const lines = readLogs({ folder, tail: 1, follow: true, signal: abort.signal, onProblem: fail });
    expect((await lines.next()).value).toMatchObject({ text: 'line 100' });
    const next = lines.next();
    write(151, 153);
    expect((await next).value).toMatchObject({ text: '50 lines skipped', sequence: 150 });
    expect((await lines.next()).value).toMatchObject({ text: 'line 151', sequence: 151 });
    abort.abort();
    await lines.return(undefined);
  });

  it('goes on in a new folder when somebody removed that of the logs, and so do its readers', async () => {
    const store = open();
    store.note('api', 'before');
    await eventually(async () => expect(texts(await readAll())).toEqual(['before']));
    const abort = new AbortController();
    const lines = readLogs({ folder, tail: 10, follow: true, signal: abort.signal, onProblem: fail });
    expect((await lines.next()).value?.text).toBe('before');
    const next = lines.next();
    rmSync(folder, { recursive: true });
    store.note('api', 'after');
    expect((await next).value).toMatchObject({ text: 'after' });
    store.note('web', 'new');
    await store.close();
    expect(texts(await readAll())).toEqual(['after', 'new']);
    expect(statSync(folder).mode & 0o077).toBe(0);
    abort.abort();
    await lines.return(undefined);
  });

  it('follows through rotations, and tells what it missed', async () => {
    const store = open(1_000);
    store.note('api', 'begin');
    await store.close();
    const abort = new AbortController();
    const lines = readLogs({ folder, tail: 10, follow: true, signal: abort.signal, onProblem: fail });
    expect((await lines.next()).value?.text).toBe('begin');
    const next = lines.next();
    const writer = createLogStore({ folder, clock: systemClock, maxFileSize: 1_000 });
    for (let index = 0; index < 100; index += 5) {
      const round = [0, 1, 2, 3, 4].map((more) => `line ${index + more} ${'x'.repeat(60_000)}\n`);
      // So much that it has to be waited for: each round is a write of its own, and rotates the file.
      const written = writer.write({ service: 'api' }, 'stdout', Buffer.from(round.join('')));
      expect(written).toBeDefined();
      await written;
    }
    await writer.close();
    const seen = [(await next).value as LogLine];
    let count = 1;
    while (count < 100) {
      const { value } = (await lines.next()) as { value: LogLine };
      seen.push(value);
      const missed = /^(\d+) lines skipped$/.exec(value.text)?.[1];
      count += missed === undefined ? 1 : Number(missed);
    }
    expect(count).toBe(100);
    expect(seen.at(-1)?.text).toContain('line 99');
    abort.abort();
    expect(await lines.next()).toEqual({ done: true, value: undefined });
  });

  it('says nothing about a folder that is not there', async () => {
    expect(await readAll()).toEqual([]);
  });
});
