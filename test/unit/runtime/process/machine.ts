import { createTable, type ProcessEntry, type ProcessTable } from '../../../../src/runtime/process/table.ts';

/** Numbers above every `pid_max` (proc(5)): nobody real has them. */
export const BASE = 1 << 24;

/** A process of a machine that is made up. */
export const entry = (pid: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  ppid: 1,
  pgrp: pid,
  startTime: `started ${pid}`,
  markers: [],
  ...more,
});

export const tableOf = (...entries: readonly ProcessEntry[]): ProcessTable => createTable(entries);

export const pidsOf = (entries: readonly ProcessEntry[]): number[] =>
  entries.map(({ pid }) => pid).toSorted((left, right) => left - right);
