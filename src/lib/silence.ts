/** Why a process of portramp does not answer, as far as the system tells. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';

import { readLinuxStat, type ProcessIdentity } from './process-identity.ts';

/** What is said of the process after its name and pid, and what to type. */
export interface Silence {
  readonly words: string;
  readonly hint: string;
  /** Whether somebody holds it: it does nothing until it is let go on. */
  readonly isHeld: boolean;
}

/** Says of a process that does not answer whether it was stopped, is held by a debugger, is gone, or is busy. */
export function explainSilence(pid: number): Silence {
  switch (stateOf(pid)) {
    case 'stopped':
      return { words: 'is stopped (state T)', hint: `"kill -CONT ${pid}" wakes it`, isHeld: true };
    case 'traced':
      return { words: 'is held by a debugger (state t)', hint: 'let it go on there', isHeld: true };
    case 'gone':
      return { words: 'is gone', hint: 'try again', isHeld: false };
    case 'other':
      return { words: 'is busy', hint: 'try again', isHeld: false };
  }
}

/** Says of a process whether somebody holds it: it does nothing until it is let go on. */
export function isHalted(pid: number): boolean {
  const state = stateOf(pid);
  return state === 'stopped' || state === 'traced';
}

/**
 * Says whether somebody may hold the process, for whoever looks often: yes where that is not known, or where a look
 * would take a process of its own (not on Linux).
 */
export function mayBeHalted(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return isHalted(pid);
  } catch {
    // No descriptor to look with.
    return true;
  }
}

/** Says whether a signal has stopped the process; no where that is not known, or would take a process to see (not on Linux). */
export function isStopped({ pid, startTime }: ProcessIdentity): boolean {
  if (process.platform !== 'linux') return false;
  try {
    if (readLetter(pid) !== 'T') return false;
    const stat = readLinuxStat(pid);
    return stat?.state === 'T' && stat.startTime === startTime;
  } catch {
    // It is gone, or there is no descriptor to look with.
    return false;
  }
}

/** The name of a program is short (proc(5)), and what follows its state is not read. */
const beginning = Buffer.alloc(256);

/** Reads the state alone, for whoever looks at hundreds: half of what the whole file costs. @throws the system's error */
function readLetter(pid: number): string {
  const file = openSync(`/proc/${pid}/stat`, 'r');
  try {
    const length = readSync(file, beginning, 0, beginning.length, 0);
    const end = beginning.subarray(0, length).lastIndexOf(')');
    return String.fromCharCode(beginning[end + 2] ?? 0);
  } finally {
    closeSync(file);
  }
}

type State = 'stopped' | 'traced' | 'gone' | 'other';

function stateOf(pid: number): State {
  const letter = letterOf(pid);
  // ps(1) of macOS has T for both; proc(5) tells them apart.
  if (letter === 'T') return 'stopped';
  if (letter === 't') return 'traced';
  return letter === undefined || letter === 'Z' || letter === 'X' ? 'gone' : 'other';
}

/** The state as proc(5) and ps(1) write it; undefined where there is no such process. */
function letterOf(pid: number): string | undefined {
  if (process.platform === 'linux') return readLinuxStat(pid)?.state;
  if (process.platform === 'win32') return '?';
  try {
    const text = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    });
    return text.trim()[0];
  } catch {
    return undefined;
  }
}
