import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseLinuxStat, processorTimeOf } from '../../../../src/lib/process-identity.ts';
import { createEnvironments, findMarkers } from '../../../../src/runtime/process/proc.ts';
import { parsePs } from '../../../../src/runtime/process/ps.ts';
import { entry, pidsOf, tableOf } from './machine.ts';

describe('a table of processes', () => {
  const table = tableOf(
    entry(10, { markers: ['run.api.1'] }),
    entry(11, { ppid: 10, pgrp: 10, markers: ['run.api.1'] }),
    entry(12, { ppid: 11, pgrp: 12 }),
    entry(20, { markers: ['run.api.12'] }),
    entry(21, { markers: ['runner.api.1', 'run.db.1'] }),
  );

  it('finds groups, descendants and carriers', () => {
    expect(pidsOf(table.groupOf(10))).toEqual([10, 11]);
    expect(table.groupOf(99)).toEqual([]);
    expect(pidsOf(table.descendantsOf(10))).toEqual([11, 12]);
    expect(pidsOf(table.carriersOf('run.api.1'))).toEqual([10, 11]);
    expect(pidsOf(table.carriersOf('run.'))).toEqual([10, 11, 20, 21]);
    expect(table.get(12)?.ppid).toBe(11);
  });

  it('answers whatever the parents are, circles too', () => {
    const pid = integer({ min: 1, max: 8 });
    assert(
      property(array(tuple(pid, pid), { maxLength: 20 }), pid, (pairs, root) => {
        const unique = new Map(pairs);
        const made = tableOf(...[...unique].map(([one, ppid]) => entry(one, { ppid })));
        const found = pidsOf(made.descendantsOf(root));
        expect(found).not.toContain(root);
        expect(new Set(found).size).toBe(found.length);
        for (const one of found) expect([root, ...found]).toContain(unique.get(one));
      }),
    );
  });
});

describe('what is read', () => {
  it('is the marker of this variable, and of no other', () => {
    expect(findMarkers('A=1\0PORTRAMP_RUN=a.b.1\0B=2\0')).toEqual(['a.b.1']);
    expect(findMarkers('NOT_PORTRAMP_RUN=a.b.1\0')).toEqual([]);
    expect(findMarkers('')).toEqual([]);
  });

  it('tells programs of one process apart, and nothing else', () => {
    const line = (name: string, env: string): string =>
      `7 (${name}) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0 0 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 5 6 ${env} 9 0`;
    const of = (name: string, env: string) => parseLinuxStat(line(name, env));
    expect(of('a) (b', '8')).toMatchObject({ state: 'S', ppid: 1, pgrp: 7, startTime: '4711' });
    expect(of('sh', '8').image).toBe(of('sh', '8').image);
    expect(of('sh', '8').image).not.toBe(of('env', '8').image);
    expect(of('sh', '8').image).not.toBe(of('sh', '9').image);
  });

  it('is the processor time of a process and of its children that ended, in milliseconds', () => {
    const stat = parseLinuxStat('7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 5 6 70 800 20 0 1 0 4711 0 0');
    expect(stat).toMatchObject({ used: 8_810, startTime: '4711' });
    expect(processorTimeOf(process.pid)).toEqual(
      process.platform === 'linux' ? expect.any(Number) : undefined,
    );
  });

  it('is remembered as long as it is there', () => {
    const environments = createEnvironments();
    environments.keep(1, 'sh', ['a']);
    environments.turn();
    expect(environments.recall(1, 'env')).toBeUndefined();
    expect(environments.recall(1, 'sh')).toEqual(['a']);
    environments.turn();
    environments.turn();
    expect(environments.recall(1, 'sh')).toBeUndefined();
  });

  it('comes from ps elsewhere', () => {
    const text =
      '    1     0     1 Ss   Mon Nov 30 10:00:00 2026\n    7     1     7 Z    Mon Nov 30 10:00:01 2026\n';
    expect(parsePs(text)).toEqual([
      { pid: 1, ppid: 0, pgrp: 1, startTime: 'Mon Nov 30 10:00:00 2026', markers: [] },
    ]);
  });
});
