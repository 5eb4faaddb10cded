import { describe, expect, it } from 'vitest';

import { findBond, judgeSocket, type Evidence, type ProcessFacts } from '../../../src/ports/owner.ts';

const instance = { pid: 100, startTime: '5', marker: 'run.api.1' };

/** pid, ppid, group, session; the start time is the pid unless it is the leader's. */
const at = (
  pid: number,
  ppid: number,
  pgrp: number,
  session: number,
  startTime = `${pid}`,
): ProcessFacts => ({
  pid,
  ppid,
  pgrp,
  session,
  startTime,
});

const leader = at(100, 50, 100, 100, '5');
const runner = at(50, 1, 50, 50);
const stranger = at(300, 1, 300, 300);

function evidence(
  processes: readonly ProcessFacts[],
  more: { markers?: Record<number, string>; recorded?: [number, string][] } = {},
): Evidence {
  const facts = new Map(processes.map((one) => [one.pid, one]));
  return {
    factsOf: (pid) => facts.get(pid),
    markerOf: (pid) => more.markers?.[pid],
    recorded: new Map(more.recorded),
  };
}

const bond = (pid: number, processes: readonly ProcessFacts[], more?: Parameters<typeof evidence>[1]) =>
  findBond(pid, instance, evidence(processes, more));

describe('a process belongs to an instance', () => {
  it('when it is its leader, or descends from it however far', () => {
    const far = [leader, runner, at(101, 100, 101, 101), at(102, 101, 102, 102), at(103, 102, 103, 103)];
    expect(bond(100, far)).toBe('ancestor');
    expect(bond(103, far)).toBe('ancestor');
  });

  it('when it was double-forked: its parent is init, its session is not', () => {
    expect(bond(101, [leader, at(101, 1, 100, 100)])).toBe('session');
    expect(bond(101, [at(101, 1, 100, 100)])).toBe('session');
  });

  it('by its group, where sessions cannot be seen', () => {
    expect(bond(101, [leader, at(101, 1, 100, 0)])).toBe('group');
  });

  it('when it left the session and kept the environment, or its parent did', () => {
    const escaped = [leader, at(101, 1, 101, 101), at(102, 101, 101, 101)];
    expect(bond(101, escaped, { markers: { 101: 'run.api.1' } })).toBe('marker');
    expect(bond(102, escaped, { markers: { 101: 'run.api.1' } })).toBe('marker');
  });

  it('when it lost everything, but was seen before', () => {
    expect(bond(101, [leader, at(101, 1, 101, 101)], { recorded: [[101, '101']] })).toBe('recorded');
    expect(bond(101, [leader, at(101, 1, 101, 101)], { recorded: [[101, 'another']] })).toBeUndefined();
  });
});

describe('a process does not belong', () => {
  it('when nothing speaks for it', () => {
    expect(bond(300, [leader, runner, stranger])).toBeUndefined();
  });

  it('to an instance whose runner it shares', () => {
    expect(bond(200, [leader, runner, at(200, 50, 200, 200)])).toBeUndefined();
    expect(bond(50, [leader, runner])).toBeUndefined();
  });

  it('when it carries the marker of another generation, or one that only begins alike', () => {
    for (const marker of ['run.api.2', 'run.api.10', 'run.api']) {
      expect(bond(300, [leader, stranger], { markers: { 300: marker } })).toBeUndefined();
    }
  });

  it('when the leader’s pid is somebody else’s by now', () => {
    const reused = at(100, 1, 100, 100, '999');
    expect(bond(100, [reused])).toBeUndefined();
    expect(bond(101, [reused, at(101, 100, 100, 100)])).toBeUndefined();
  });

  it('and is no loop, whatever the system says', () => {
    expect(bond(300, [leader, at(300, 301, 300, 300), at(301, 300, 300, 300)])).toBeUndefined();
    expect(bond(300, [leader, at(300, 300, 300, 300)])).toBeUndefined();
  });
});

describe('a socket', () => {
  const judge = (pids: number[], processes: readonly ProcessFacts[]) =>
    judgeSocket(pids, instance, evidence(processes));

  it('belongs when one of those who have it open does', () => {
    expect(judge([300, 100], [leader, stranger])).toEqual({ kind: 'belongs' });
  });

  it('is a stranger’s, unknown, or unsettled while its holders are ending', () => {
    expect(judge([300], [leader, stranger])).toEqual({ kind: 'stranger', pid: 300 });
    expect(judge([299, 300], [leader, stranger])).toEqual({ kind: 'stranger', pid: 300 });
    expect(judge([], [leader])).toEqual({ kind: 'unknown' });
    expect(judge([299], [leader])).toEqual({ kind: 'unsettled' });
  });
});
