import { errnoOf } from '../../lib/errors.ts';
import { startTimeOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import type { Remains } from './remains.ts';
import { survey as machine, type Survey } from './survey.ts';

/**
 * Signals all that is left of some instances, with two looks for all of them together.
 *
 * @param survey Whoever is asked for the processes of the machine.
 */
export async function signalRemains(
  instances: readonly Remains[],
  signal: NodeJS.Signals,
  survey: Survey = machine,
): Promise<void> {
  const first = await survey.take();
  for (const remains of instances) {
    const { pid } = remains.leader;
    if (remains.look(first).some((entry) => entry.pgrp === pid)) signalGroup(pid, signal);
  }
  // Another look: a member that was just leaving the group has either got the signal, or is seen outside now.
  const second = await survey.take();
  for (const remains of instances) {
    const { pid } = remains.leader;
    for (const entry of remains.look(second)) if (entry.pgrp !== pid) signalProcess(entry, signal);
  }
}

/** Signals a process group; false when it has no members (zombies count as members). */
export function signalGroup(pgrp: number, signal: NodeJS.Signals | 0): boolean {
  return sendAwake(-pgrp, signal);
}

/** Signals a process if it is still the one that was recorded: its number may have been given away. */
export function signalProcess({ pid, startTime }: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return startTimeOf(pid) === startTime && sendAwake(pid, signal);
}

/** Signals; what was stopped (SIGSTOP) hears nothing else before it goes on, and who runs does not notice that. */
function sendAwake(pid: number, signal: NodeJS.Signals | 0): boolean {
  const isSent = send(pid, signal);
  const isHeard = signal === 0 || signal === 'SIGKILL' || process.platform === 'win32';
  if (isSent && !isHeard) send(pid, 'SIGCONT');
  return isSent;
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    // Somebody else's process: it is there, and cannot be helped.
    return errnoOf(error) === 'EPERM';
  }
}
