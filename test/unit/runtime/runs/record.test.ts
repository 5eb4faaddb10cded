import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, integer, property } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { identityOf } from '../../../../src/lib/process-identity.ts';
import { formatChange, formatRun, parseRun, type Run } from '../../../../src/runtime/runs/journal.ts';
import { openRunRecord, type RunRecord } from '../../../../src/runtime/runs/record.ts';

const RUN: Run = {
  id: '0123456789ab',
  root: '/shop',
  environment: 'development',
  runner: { pid: 7, startTime: '70' },
  leaders: [],
};
const leaderOf = (pid: number) => ({ pid, startTime: `${pid}0` });

describe('the journal of a run', () => {
  const lines = [1, 2, 3, 4].map((pid) => formatChange({ kind: 'add', ...leaderOf(pid) }));
  const text = [formatRun(RUN), ...lines, formatChange({ kind: 'remove', pid: 3 })].join('');

  it('says who runs, and believes nothing of numbers that no service has', () => {
    expect(parseRun(text)).toEqual({ ...RUN, leaders: [leaderOf(2), leaderOf(4)] });
    expect(parseRun(formatRun({ ...RUN, leaders: [leaderOf(9)] }))?.leaders).toEqual([leaderOf(9)]);
  });

  it('says the same wherever it is cut off, but for the line that was cut', () => {
    assert(
      property(integer({ min: 0, max: text.length }), (length) => {
        const cut = text.slice(0, length);
        const whole = parseRun(cut.slice(0, cut.lastIndexOf('\n') + 1));
        if (whole !== undefined) expect(parseRun(cut)).toEqual(whole);
      }),
    );
  });

  it('is none where the first line is none', () => {
    for (const bad of ['', '{}', '[]', 'null', text.slice(1)]) expect(parseRun(bad)).toBeUndefined();
    const wrong = {
      id: 'a',
      root: 7,
      environment: 7,
      runner: {},
      leaders: [{ pid: 1, startTime: '1' }],
      boot: 7,
    };
    for (const [key, value] of Object.entries(wrong)) {
      expect(parseRun(JSON.stringify({ ...RUN, [key]: value }))).toBeUndefined();
    }
  });
});

describe('the record of a run', () => {
  let folder: string;
  let path: string;
  let problems: string[];
  let record: RunRecord;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-record-'));
    path = join(folder, 'runs', `${RUN.id}.json`);
    problems = [];
    record = openRunRecord({
      ...RUN,
      folder: join(folder, 'runs'),
      onProblem: (text) => problems.push(text),
    });
  });

  afterEach(() => {
    record.close();
    expect(existsSync(path)).toBe(false);
    rmSync(folder, { recursive: true });
  });

  const read = () => parseRun(readFileSync(path, 'utf8'));
  const own = identityOf(process.pid);

  it('is there before anything has started, and grows by a line a change', () => {
    expect(read()).toMatchObject({ id: RUN.id, runner: own, leaders: [] });
    const before = readFileSync(path, 'utf8');
    record.add(process.pid);
    expect(read()?.leaders).toEqual([own]);
    const grown = readFileSync(path, 'utf8');
    expect(grown.startsWith(before)).toBe(true);
    record.remove(process.pid);
    expect(read()?.leaders).toEqual([]);
    expect(readFileSync(path, 'utf8').startsWith(grown)).toBe(true);
    expect(readdirSync(join(folder, 'runs'))).toEqual([`${RUN.id}.json`]);
  });

  it('comes back whole when somebody removed it', () => {
    record.add(process.pid);
    rmSync(join(folder, 'runs'), { recursive: true });
    record.add(process.ppid);
    expect(read()?.leaders.map(({ pid }) => pid)).toEqual([process.pid, process.ppid]);
  });

  it('does not grow with the number of restarts', () => {
    for (let round = 0; round < 2_000; round += 1) {
      record.add(process.pid);
      record.remove(process.pid);
    }
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(600);
  });

  it('tells that it cannot be removed, and ends all the same', () => {
    rmSync(path);
    mkdirSync(path);
    record.close();
    expect(problems).toEqual([expect.stringContaining(`cannot remove ${path}: `)]);
    rmSync(path, { recursive: true });
  });

  it('tells once that it cannot be written, and goes on when it can', () => {
    rmSync(join(folder, 'runs'), { recursive: true });
    writeFileSync(join(folder, 'runs'), '');
    record.add(process.pid);
    record.add(process.ppid);
    expect(problems).toHaveLength(1);
    rmSync(join(folder, 'runs'));
    record.remove(process.ppid);
    expect(read()?.leaders).toEqual([own]);
  });
});
