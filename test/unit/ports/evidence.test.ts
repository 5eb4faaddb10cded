import { expect, it } from 'vitest';

import { askSystem } from '../../../src/ports/evidence.ts';
import { findBond, type ProcessFacts } from '../../../src/ports/owner.ts';

/** 8 is a child of 7, and 100 others lead instances of their own. */
const processes: ProcessFacts[] = [
  { pid: 8, ppid: 7, pgrp: 8, session: 8, startTime: '5' },
  { pid: 7, ppid: 1, pgrp: 7, session: 7, startTime: '5' },
];

it.each(['linux', 'darwin'] as const)(
  'asks for each process once, whoever it may belong to: %s',
  (platform) => {
    const read: string[] = [];
    const evidence = askSystem(platform, {
      listProcesses: () => {
        read.push('all');
        return processes;
      },
      readProcess: (pid) => {
        read.push(`process ${pid}`);
        return processes.find((one) => one.pid === pid);
      },
      readMarker: (pid) => {
        read.push(`marker ${pid}`);
        return undefined;
      },
    });
    const bondWith = (pid: number) => findBond(8, { pid, startTime: '5', marker: 'run.api.1' }, evidence);
    expect(Array.from({ length: 50 }, () => bondWith(99))).toEqual(Array.from({ length: 50 }));
    expect(bondWith(7)).toBe('ancestor');
    expect(new Set(read).size).toBe(read.length);
    expect(read.includes('all')).toBe(platform === 'darwin');
  },
);
