import { afterEach, describe, expect, it, vi } from 'vitest';

import { startTimeOf } from '../../../../src/lib/process-identity.ts';
import { endAll } from '../../../../src/runtime/process/end-all.ts';
import { trackRemains } from '../../../../src/runtime/process/remains.ts';
import { signalProcess } from '../../../../src/runtime/process/signals.ts';
import { createTable, type ProcessEntry } from '../../../../src/runtime/process/table.ts';
import { BASE, entry } from './machine.ts';

afterEach(() => vi.restoreAllMocks());

/** A machine whose processes end when the test says so; signals to groups are heard, none is sent. */
function createScene(processes: readonly ProcessEntry[]) {
  const alive = new Map(processes.map((one) => [one.pid, one]));
  const heard: string[] = [];
  let now = 0;
  const scene = {
    heard,
    /** Milliseconds that went by. */
    age: () => now,
    onSignal: (_pid: number, _signal: string | number | undefined): void => undefined,
    end: (pid: number) => alive.delete(pid),
    run: () =>
      endAll([trackRemains({ pid: BASE, startTime: `started ${BASE}` })], 'run.', {
        survey: { take: async () => createTable(alive.values()) },
        now: () => now,
        pause: async (ms) => {
          now += ms;
        },
      }),
  };
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    heard.push(`${now} ${pid - Math.sign(pid) * BASE} ${signal}`);
    scene.onSignal(Math.abs(pid), signal);
    return true;
  });
  return scene;
}

describe('the end of a run', () => {
  it('is nothing where nothing is left', async () => {
    const scene = createScene([entry(BASE + 1)]);
    expect(await scene.run()).toEqual({ found: 0, left: 0 });
    expect(scene.heard).toEqual([]);
  });

  it('asks once, also what was stopped, and is over when all are gone', async () => {
    const scene = createScene([entry(BASE), entry(BASE + 1, { ppid: BASE, pgrp: BASE })]);
    scene.onSignal = (pid) => [pid, pid + 1].forEach(scene.end);
    expect(await scene.run()).toEqual({ found: 2, left: 0 });
    expect(scene.heard).toEqual(['0 0 SIGTERM', '0 0 SIGCONT']);
  });

  it('kills after two seconds what was asked and is still there', async () => {
    const scene = createScene([entry(BASE)]);
    scene.onSignal = (pid, signal) => void (signal === 'SIGKILL' && scene.end(pid));
    expect(await scene.run()).toEqual({ found: 1, left: 0 });
    expect(scene.heard).toEqual(['0 0 SIGTERM', '0 0 SIGCONT', '2000 0 SIGKILL']);
  });

  it('gives up what cannot be ended, after half a minute, and tells', async () => {
    const scene = createScene([entry(BASE)]);
    expect(await scene.run()).toEqual({ found: 1, left: 1 });
    expect(scene.age()).toBeGreaterThan(30_000);
    expect(scene.age()).toBeLessThan(31_000);
  });
});

describe('a process whose number was given away', () => {
  it('gets no signal', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    expect(signalProcess({ pid: process.pid, startTime: 'earlier' }, 'SIGKILL')).toBe(false);
    expect(kill).not.toHaveBeenCalled();
  });

  it('is there, and cannot be helped, when it is another user’s', () => {
    const answer = (code: string) => (): never => {
      throw Object.assign(new Error(code), { code });
    };
    const kill = vi.spyOn(process, 'kill').mockImplementation(answer('EPERM'));
    const identity = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
    expect(signalProcess(identity, 'SIGTERM')).toBe(true);
    kill.mockImplementation(answer('ESRCH'));
    expect(signalProcess(identity, 'SIGTERM')).toBe(false);
  });
});
