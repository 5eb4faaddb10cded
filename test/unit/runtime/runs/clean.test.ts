/** Records of runs that are over: which are believed, and what is done about them. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { identityOf } from '../../../../src/lib/process-identity.ts';
import { bootId } from '../../../../src/runtime/runs/boot.ts';
import { belongingOf, cleanRuns, listLiveRuns } from '../../../../src/runtime/runs/clean.ts';
import { formatRun, parseRun, type Run } from '../../../../src/runtime/runs/journal.ts';
import { readRuns } from '../../../../src/runtime/runs/read.ts';

const self = identityOf(process.pid);
if (self === undefined) throw new Error('this process cannot be seen');

const RUN: Run = {
  id: '0123456789ab',
  root: '/shop',
  environment: 'dev',
  runner: { ...self, startTime: '1' },
  leaders: [],
};

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'portramp-runs-')), 'runs');
  mkdirSync(folder, { mode: 0o700 });
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const write = (run: Run, name = `${run.id}.json`): void =>
  writeFileSync(join(folder, name), formatRun(run), { mode: 0o600 });

it.each([
  { pid: 0 },
  { pid: 1 },
  { pid: -5 },
  { pid: 1.5 },
  { pid: '7' },
  { pid: null },
  { startTime: 7 },
  { startTime: undefined },
])('a runner or a leader of %j is none', (more) => {
  const odd = { pid: 7, startTime: '70', ...more };
  expect(parseRun(JSON.stringify({ ...RUN, runner: odd }))).toBeUndefined();
  expect(parseRun(JSON.stringify({ ...RUN, leaders: [odd] }))).toBeUndefined();
});

describe('records', () => {
  it('are none where there is no folder', async () => {
    rmSync(folder, { recursive: true });
    expect(await readRuns(folder)).toEqual({ runs: [], problems: [] });
    expect(await belongingOf(folder, 7)).toBeUndefined();
  });

  it('are believed under their own name, in files that nobody else may write', async () => {
    write(RUN);
    write({ ...RUN, id: 'aaaaaaaaaaaa' }, 'bbbbbbbbbbbb.json');
    write({ ...RUN, id: 'cccccccccccc' });
    chmodSync(join(folder, 'cccccccccccc.json'), 0o620);
    write({ ...RUN, id: 'dddddddddddd' }, 'd.txt');
    symlinkSync(join(folder, `${RUN.id}.json`), join(folder, 'eeeeeeeeeeee.json'));
    writeFileSync(join(folder, 'ffffffffffff.json'), 'garbage', { mode: 0o600 });
    mkdirSync(join(folder, '111111111111.json'));
    expect((await readRuns(folder)).runs.map(({ run }) => run.id)).toEqual([RUN.id]);
  });
});

describe('a run', () => {
  it('that lives is left alone, and its runner is part of it', async () => {
    const live = { ...RUN, runner: self };
    write(live);
    expect(await cleanRuns(folder)).toEqual({ cleaned: [], problems: [] });
    expect(readdirSync(folder)).toHaveLength(1);
    expect(await listLiveRuns(folder)).toEqual({ live: [live], problems: [] });
    expect(await belongingOf(folder, process.pid)).toBe('live');
    expect(await belongingOf(folder, 1)).toBeUndefined();
  });

  it('of another start of the machine names nobody, and is forgotten', async (context) => {
    if (bootId() === undefined) context.skip('this system does not tell its starts apart');
    write({ ...RUN, runner: self, boot: 'another' });
    expect((await listLiveRuns(folder)).live).toEqual([]);
    expect(await belongingOf(folder, process.pid)).toBeUndefined();
    expect(await cleanRuns(folder)).toEqual({ cleaned: [], problems: [] });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of this start of the machine is one of those that may live', async () => {
    write({ ...RUN, runner: self, boot: bootId() });
    expect((await listLiveRuns(folder)).live).toHaveLength(1);
    await cleanRuns(folder);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('that is over and has left nothing is forgotten, of the stack that is meant', async () => {
    write(RUN);
    write({ ...RUN, id: 'aaaaaaaaaaaa', root: '/other' });
    write({ ...RUN, id: 'bbbbbbbbbbbb', environment: 'e2e' });
    expect(await cleanRuns(folder, { root: '/shop', environment: 'dev' })).toMatchObject({ cleaned: [] });
    expect(readdirSync(folder)).toEqual(['aaaaaaaaaaaa.json', 'bbbbbbbbbbbb.json']);
    expect((await listLiveRuns(folder)).live).toEqual([]);
    await cleanRuns(folder);
    expect(readdirSync(folder)).toEqual([]);
  });
});
