import { errnoOf } from '../../lib/errors.ts';
import { startTimeOf } from '../../lib/process-identity.ts';
import type { ProcessEntry } from './table.ts';

/** Signals a process group; false when it has no members (zombies count as members). */
export function signalGroup(pgrp: number, signal: NodeJS.Signals | 0): boolean {
  return send(-pgrp, signal);
}

/** Signals a process if it is still the one that was recorded. */
export function signalProcess({ pid, startTime }: ProcessEntry, signal: NodeJS.Signals): boolean {
  return startTimeOf(pid) === startTime && send(pid, signal);
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // Somebody else's process: it is there, and cannot be helped.
    return errnoOf(error) === 'EPERM';
  }
}
