/** Linux: everything is a file below `/proc` (proc(5)). */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { isScarcity, withDescriptor } from '../../lib/descriptors.ts';
import { readListenerRows } from '../../lib/proc-net.ts';
import { readLinuxStat } from '../../lib/process-identity.ts';
import type { ProcessFacts } from '../owner.ts';
import { parseListeners } from '../socket-table.ts';
import type { System } from './system.ts';

const MARKER = 'PORTRAMP_RUN=';

export function createLinuxSystem(): System {
  return {
    listListeners: () =>
      ['tcp', 'tcp6'].flatMap((table) => parseListeners(readListenerRows(`/proc/net/${table}`))),
    countSockets: () => {
      const counts = ['sockstat', 'sockstat6'].map((table) =>
        /^TCP6?: inuse \d+/m.exec(read(`/proc/net/${table}`) ?? ''),
      );
      return counts[0] === null ? undefined : counts.join();
    },
    listProcesses: () => listPids().flatMap((pid) => readFacts(pid) ?? []),
    readProcess: readFacts,
    findHolders,
    readMarker: (pid) => {
      const words = read(`/proc/${pid}/environ`, 'latin1')?.split('\0');
      return words?.find((word) => word.startsWith(MARKER))?.slice(MARKER.length);
    },
    readCpuTime: () => {
      // "time spent on the cpu", in nanoseconds (Documentation/scheduler/sched-stats.rst).
      const spent = Number(read('/proc/thread-self/schedstat')?.split(' ')[0]);
      return spent > 0 ? spent / 1_000_000 : performance.now();
    },
    describe: (pid) => {
      const command = (read(`/proc/${pid}/cmdline`) ?? '').replace(/\0+$/, '').replaceAll('\0', ' ');
      const cwd = readLink(`/proc/${pid}/cwd`);
      return { ...(command === '' ? {} : { command }), ...(cwd === undefined ? {} : { cwd }) };
    },
  };
}

function findHolders(sockets: ReadonlySet<string>, first: readonly number[]): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  const seen = new Set(first);
  for (const pid of first) lookInto(pid, sockets, holders);
  if (holders.size === sockets.size) return holders;
  for (const pid of listPids()) if (!seen.has(pid)) lookInto(pid, sockets, holders);
  return holders;
}

function lookInto(pid: number, sockets: ReadonlySet<string>, holders: Map<string, number[]>): void {
  const folder = `/proc/${pid}/fd`;
  const found = new Set<string>();
  for (const name of list(folder)) {
    const target = readLink(`${folder}/${name}`);
    if (target === undefined || !target.startsWith('socket:[')) continue;
    const inode = target.slice('socket:['.length, -1);
    if (sockets.has(inode)) found.add(inode);
  }
  for (const inode of found) holders.set(inode, [...(holders.get(inode) ?? []), pid]);
}

function readFacts(pid: number): ProcessFacts | undefined {
  const stat = readLinuxStat(pid);
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  const { ppid, pgrp, session, startTime } = stat;
  return { pid, ppid, pgrp, session, startTime };
}

const listPids = (): number[] =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/**
 * Processes come and go, and those of other users are closed to us: what cannot be read is not there. Not so where
 * there is no descriptor to look with: then the whole pass fails, and finds nothing.
 */
function orNone<T>(look: () => T): T | undefined {
  try {
    return withDescriptor(look);
  } catch (error) {
    if (isScarcity(error)) throw error;
    return undefined;
  }
}

const list = (folder: string): string[] => orNone(() => readdirSync(folder)) ?? [];

const read = (path: string, encoding: BufferEncoding = 'utf8'): string | undefined =>
  orNone(() => readFileSync(path, encoding));

const readLink = (path: string): string | undefined => orNone(() => readlinkSync(path));
