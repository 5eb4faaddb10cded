import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { isScarcity, withDescriptor } from './descriptors.ts';
import { errnoOf } from './errors.ts';

/** A pid is reused by the system; together with its start time it names one process for ever. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: only equality means something. */
  readonly startTime: string;
}

/**
 * When the process started, as the system tells it, or undefined if there is no such process. A zombie counts
 * as gone: it runs nothing and holds no socket.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readLinuxStat(pid);
    return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat.startTime;
  }
  return startTimeFromCommand(pid);
}

export interface LinuxStat {
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Clock ticks since boot. */
  readonly startTime: string;
  /**
   * Another text when the process has executed another program: its name, and where its arguments and its environment
   * lie in memory. Opaque: only equality means something.
   */
  readonly image: string;
  /** Milliseconds of processor time of the process and of its children that were waited for. */
  readonly used: number;
}

/** Milliseconds of a clock tick in what the kernel tells of processes (sysconf(3), `_SC_CLK_TCK`): on Linux always this. */
const TICK = 10;

/**
 * Reads `/proc/PID/stat`.
 * @returns undefined for a process that is not there, or that this user may not see
 * @throws the system's error where there is no descriptor to look with
 */
export function readLinuxStat(pid: number): LinuxStat | undefined {
  try {
    return parseLinuxStat(withDescriptor(() => readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch (error) {
    // Whatever else keeps it from being read says nothing about the process.
    if (isScarcity(error)) throw error;
    return undefined;
  }
}

/** Parses `/proc/PID/stat` (proc(5)); the command name in parentheses may itself hold spaces and parentheses. */
export function parseLinuxStat(text: string): LinuxStat {
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    state: fields[0] ?? '?',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
    used: TICK * fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
    image: `${text.slice(text.indexOf('('), end)} ${fields[45] ?? ''} ${fields[47] ?? ''} ${fields[48] ?? ''}`,
  };
}

/**
 * Says for how many milliseconds a process has computed, or waited for a processor: on a busy machine most of what it
 * takes is waiting. Undefined where that cannot be seen.
 */
export function processorTimeOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const used = readLinuxStat(pid)?.used;
  return used === undefined ? undefined : used + waitedFor(pid);
}

/** Reads how long the main thread was ready to run and did not (`/proc/PID/schedstat`, Linux sched-stats). Milliseconds. */
function waitedFor(pid: number): number {
  try {
    const [, waited = '0'] = withDescriptor(() => readFileSync(`/proc/${pid}/schedstat`, 'utf8')).split(' ');
    return Number(waited) / 1e6;
  } catch {
    // Kernels without it, and processes that have just ended, say nothing.
    return 0;
  }
}

function startTimeFromCommand(pid: number): string | undefined {
  const windows = process.platform === 'win32';
  const file = windows ? 'powershell' : 'ps';
  const args = windows
    ? [
        '-NoProfile',
        '-Command',
        // The same source as that of a list of all processes: others have another precision.
        `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CreationDate.ToFileTimeUtc()`,
      ]
    : ['-o', 'lstart=', '-p', String(pid)];
  try {
    const text = execFileSync(file, args, {
      encoding: 'utf8',
      // `lstart` is a date in words: two processes must agree on the language.
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Says whether the process runs; one that cannot be looked at for want of descriptors does, as long as its pid is there. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  try {
    return startTimeOf(pid) === startTime;
  } catch (error) {
    if (!isScarcity(error)) throw error;
    return hasPid(pid);
  }
}

function hasPid(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
