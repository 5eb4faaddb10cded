/**
 * The record of what a run has started, on disk: should the runner and its watchdog both be killed, `portramp clean`
 * finds it. One file a run; pid and start time of each leader, so that no other process is mistaken for it. A runner that
 * is killed between a start and its line leaves a process with the marker of the run, whose name was written first.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { messageOf } from '../../lib/errors.ts';
import { identityOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import type { Order } from '../watchdog/orders.ts';
import { bootId } from './boot.ts';
import { formatChange, formatRun, type Run } from './journal.ts';

export interface RunRecord {
  add(pid: number): void;
  remove(pid: number): void;
  /** The run is over, and nothing of it is left. */
  close(): void;
}

export interface RunRecordOptions {
  /** Where the records of all runs are; made if it is not there. */
  readonly folder: string;
  readonly id: string;
  readonly root: string;
  readonly environment: string;
  /** Called when it cannot be written, once until writing works again, or removed; what runs goes on. */
  readonly onProblem: (problem: string) => void;
}

/** Lines for those who have ended are swept away when there are this many, and more than for those who live. */
const MANY = 500;

/** Written at once, not soon: what is recorded later than it runs is lost when it matters. */
export function openRunRecord({ folder, id, root, environment, onProblem }: RunRecordOptions): RunRecord {
  const path = join(folder, `${id}.json`);
  const draft = `${path}.tmp`;
  const leaders = new Map<number, ProcessIdentity>();
  const runner = identityOf(process.pid);
  const boot = bootId();
  let lines = 0;
  let isWhole = false;
  let hasProblem = false;

  const writeAll = (): void => {
    if (runner === undefined) return;
    // Each time: somebody may clear the state folder under a stack that runs.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const run: Run = { id, root, environment, runner, leaders: [...leaders.values()], boot };
    writeFileSync(draft, formatRun(run), { mode: 0o600 });
    renameSync(draft, path);
    lines = 0;
  };

  const write = (change?: Order): void => {
    try {
      const isFull = lines >= MANY && lines > 2 * leaders.size;
      if (change === undefined || !isWhole || isFull || !append(path, formatChange(change))) writeAll();
      else lines += 1;
      isWhole = true;
      hasProblem = false;
    } catch (error) {
      // A line may have been written in part: the next write replaces all of them.
      isWhole = false;
      if (!hasProblem) onProblem(`cannot write ${path}: ${messageOf(error)}`);
      hasProblem = true;
    }
  };

  write();
  return {
    add: (pid) => {
      const leader = identityOf(pid);
      if (leader === undefined) return;
      leaders.set(pid, leader);
      write({ kind: 'add', ...leader });
    },
    remove: (pid) => {
      if (leaders.delete(pid)) write({ kind: 'remove', pid });
    },
    close: () => {
      try {
        rmSync(path, { force: true });
        // One that could not be moved into place.
        rmSync(draft, { force: true });
      } catch (error) {
        onProblem(`cannot remove ${path}: ${messageOf(error)}`);
      }
    },
  };
}

/** @returns false where there is no such file, or its disk took only a part */
function append(path: string, text: string): boolean {
  let file: number;
  try {
    // Never made here: a file that somebody removed would come back without its first line.
    file = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
  } catch {
    return false;
  }
  try {
    return writeSync(file, text) === Buffer.byteLength(text);
  } finally {
    closeSync(file);
  }
}
