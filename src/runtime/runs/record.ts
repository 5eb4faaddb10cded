/**
 * What a run has started, on disk: should the runner and its watchdog both be killed, `portramp clean` finds it. One
 * file a run; pid and start time of each leader, so that nobody is mistaken for it.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf } from '../../lib/errors.ts';
import { identityOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import { bootId } from './boot.ts';

export interface Run {
  readonly id: string;
  readonly root: string;
  readonly environment: string;
  readonly runner: ProcessIdentity;
  readonly leaders: readonly ProcessIdentity[];
  /** The start of the machine that these are of. */
  readonly boot?: string | undefined;
}

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
  /** Called when it cannot be written, once until writing works again; what runs goes on. */
  readonly onProblem: (problem: string) => void;
}

/** Written at once, not soon: what is recorded later than it runs is lost when it matters. */
export function openRunRecord({ folder, id, root, environment, onProblem }: RunRecordOptions): RunRecord {
  const path = join(folder, `${id}.json`);
  const leaders = new Map<number, ProcessIdentity>();
  const runner = identityOf(process.pid);
  const boot = bootId();
  let hasProblem = false;
  const write = (): void => {
    if (runner === undefined) return;
    const run: Run = { id, root, environment, runner, leaders: [...leaders.values()], boot };
    try {
      // Each time: somebody may clear the state folder under a stack that runs.
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.tmp`, `${JSON.stringify(run)}\n`, { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
      hasProblem = false;
    } catch (error) {
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
      write();
    },
    remove: (pid) => {
      if (leaders.delete(pid)) write();
    },
    close: () => rmSync(path, { force: true }),
  };
}
