import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createManualClock, type ManualClock } from '../../manual-clock.ts';
import { formatLine, parseLine, type LogLine } from '../../../../src/stack/logs/line.ts';
import { createLogStore, type LogStore } from '../../../../src/stack/logs/store.ts';

let folder: string;
let clock: ManualClock;
let store: LogStore;
let lines: LogLine[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-unfinished-'));
  clock = createManualClock();
  store = createLogStore({ folder, clock });
  lines = [];
  store.lines.on((line) => void lines.push(line));
});
afterEach(async () => {
  await store.close();
  expect(clock.waiting).toBe(0);
  rmSync(folder, { recursive: true });
});

const write = (text: string, replica?: number): void =>
  void store.write({ service: 'api', replica }, 'stdout', Buffer.from(text));
const texts = (): string[] => lines.map(({ text }) => text);

describe('what has no line end', () => {
  it('is seen when nothing is added to it for a second', async () => {
    write('Use another? (Y/n) ');
    await clock.advance(999);
    expect(texts()).toEqual([]);
    await clock.advance(10);
    expect(texts()).toEqual(['Use another? (Y/n) ']);
    write('yes\n');
    expect(texts()).toEqual(['Use another? (Y/n) ', 'yes']);
  });

  it('waits for the rest of a line that comes in pieces', async () => {
    write('Compil');
    await clock.advance(900);
    write('ing');
    await clock.advance(900);
    write(' done\n');
    await clock.advance(10_000);
    expect(texts()).toEqual(['Compiling done']);
  });

  it('is seen every five seconds while a bar goes on', async () => {
    for (let percent = 0; percent < 100; percent += 1) {
      write(`\r${percent} %`);
      await clock.advance(100);
    }
    write('\r100 %\n');
    expect(texts()).toHaveLength(3);
    expect(texts().at(-1)).toBe('100 %');
    expect(texts()[0]).toMatch(/^4\d %$/);
  });

  it('is no line when it shows nothing', async () => {
    write('\u001b[2K\r\u001b[?25h');
    await clock.advance(10_000);
    expect(texts()).toEqual([]);
  });

  it('is a line when the process ends, and when the store is closed', async () => {
    write('one');
    store.flush({ service: 'api' });
    write('two');
    await store.close();
    expect(texts()).toEqual(['one', 'two']);
  });
});

describe('replicas', () => {
  it('are told apart, also where their lines come in pieces', () => {
    write('from the ', 0);
    write('from the ', 1);
    write('first\n', 0);
    write('second\n', 1);
    expect(lines.map(({ replica, text }) => `${replica} ${text}`)).toEqual([
      '0 from the first',
      '1 from the second',
    ]);
  });

  it('are told apart in the file', () => {
    const line = {
      time: '2026-11-25T08:00:00.000Z',
      service: 'api',
      stream: 'stderr',
      sequence: 7,
      text: 'x',
    } as const;
    for (const each of [line, { ...line, replica: 0 }, { ...line, replica: 12 }]) {
      expect(parseLine('api', formatLine(each).trimEnd())).toEqual(each);
    }
  });
});
