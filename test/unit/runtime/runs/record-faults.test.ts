/** The record of a run on a disk that fails: what runs goes on, and what is written later has all that was left out. */
import { readFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { parseRun } from '../../../../src/runtime/runs/journal.ts';
import { openRunRecord, type RunRecord } from '../../../../src/runtime/runs/record.ts';
import { DISK_ERRORS, useFailingDisk } from '../../failing-disk.ts';
import { arm, disarm } from '../../faults.ts';

vi.mock('node:fs', async (original) => (await import('../../faults.ts')).faulty(await original()));

const ID = '0123456789ab';
const disk = useFailingDisk();
let problems: string[];
let processes: ChildProcess[] = [];

beforeAll(() => {
  processes = Array.from({ length: 3 }, () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']));
});

afterAll(() => {
  for (const one of processes) one.kill('SIGKILL');
});

beforeEach(() => {
  problems = [];
});

const open = (): RunRecord =>
  openRunRecord({
    folder: disk.folder,
    id: ID,
    root: '/shop',
    environment: 'dev',
    onProblem: (problem) => problems.push(problem),
  });

const pid = (index: number): number => processes[index]?.pid ?? 0;

const recorded = (): number[] =>
  parseRun(readFileSync(disk.path(`${ID}.json`), 'utf8'))?.leaders.map((leader) => leader.pid) ?? [];

/** A line that cannot be added is tried as a whole new file: what fails here fails in both. */
const FAULTS = ['openSync', 'writeSync', 'closeSync'] as const;
const CODES = [...DISK_ERRORS, 'EMFILE', 'ENFILE'] as const;
const OWN = new RegExp(`${ID}[.]json`);

describe.each(CODES)('the record of a run and %s', (code) => {
  it.each(['openSync', 'writeSync', 'closeSync', 'writeFileSync', 'renameSync', 'mkdirSync'])(
    'in %s: told once, and nothing is lost',
    (name) => {
      const record = open();
      record.add(pid(0));
      const isLine = FAULTS.some((one) => one === name);
      arm({ name, code }, ...(name === 'openSync' || isLine ? [] : [{ name: 'openSync', code, path: OWN }]));
      record.add(pid(1));
      record.remove(pid(0));
      expect(problems.length).toBeLessThanOrEqual(1);
      // Whatever is on disk is a record that names nobody who has never been there.
      for (const one of recorded()) expect([pid(0), pid(1)]).toContain(one);
      disarm();
      record.add(pid(2));
      expect(new Set(recorded())).toEqual(new Set([pid(1), pid(2)]));
      record.close();
      expect(disk.entries()).toEqual([]);
    },
  );

  it('when it cannot be moved into place: no draft is left', () => {
    arm({ name: 'renameSync', code });
    const record = open();
    record.add(pid(0));
    expect(problems).toEqual([expect.stringContaining(code)]);
    record.close();
    expect(disk.entries()).toEqual([]);
  });

  it('when it cannot be removed: told', () => {
    const record = open();
    arm({ name: 'rmSync', code });
    record.close();
    expect(problems).toEqual([expect.stringMatching(`^cannot remove .*: ${code}`)]);
  });
});
