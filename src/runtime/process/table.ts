/** Who is whose child, as the system tells it: `/proc` on Linux, `ps` elsewhere. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

import { readLinuxStat } from '../../lib/process-identity.ts';

export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  /** Only equality means something. */
  readonly startTime: string;
}

/** Every process but zombies: those run nothing and hold nothing. Empty where the system does not tell. */
export function listProcesses(): ProcessEntry[] {
  return process.platform === 'linux' ? listLinux() : listWithPs();
}

function listLinux(): ProcessEntry[] {
  return listPids().flatMap((pid) => {
    const stat = readLinuxStat(pid);
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return [];
    const { ppid, pgrp, startTime } = stat;
    return [{ pid, ppid, pgrp, startTime }];
  });
}

const listPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

function listWithPs(): ProcessEntry[] {
  if (process.platform === 'win32') return [];
  try {
    const text = execFileSync('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,lstart='], { encoding: 'utf8' });
    return text.split('\n').flatMap((line) => {
      const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
      if (match === null || match[4]?.startsWith('Z')) return [];
      const [, pid, ppid, pgrp, , startTime = ''] = match;
      return [{ pid: Number(pid), ppid: Number(ppid), pgrp: Number(pgrp), startTime: startTime.trim() }];
    });
  } catch {
    return [];
  }
}

/** Children, their children and so on; without the process itself. */
export function descendantsOf(pid: number, processes: readonly ProcessEntry[]): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of processes) {
    const siblings = children.get(entry.ppid);
    if (siblings === undefined) children.set(entry.ppid, [entry]);
    else siblings.push(entry);
  }
  const found: ProcessEntry[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      open.push(child.pid);
    }
  }
  return found;
}

/**
 * Processes whose environment carries the marker, or, where it ends with a dot, any marker that begins with it:
 * finds what left its group and its parents. Linux only; processes of other users, and those that overwrote their
 * environment, are not seen.
 */
export function carriersOf(marker: string, processes: readonly ProcessEntry[]): ProcessEntry[] {
  if (process.platform !== 'linux') return [];
  const wanted = `\0PORTRAMP_RUN=${marker}${marker.endsWith('.') ? '' : '\0'}`;
  return processes.filter(({ pid }) => {
    try {
      return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(wanted);
    } catch {
      return false;
    }
  });
}
