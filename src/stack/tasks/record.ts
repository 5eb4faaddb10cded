/** When the tasks of a stack last succeeded, kept across its runs. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { timestamp } from '../../lib/clock.ts';
import { whenDescriptorsAllow } from '../../lib/descriptors.ts';
import { messageOf, PortrampError } from '../../lib/errors.ts';
import { createQueue } from '../../lib/queue.ts';
import { describeEntryError, inOneLine, readStateFile } from '../../lib/state-file.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { takeFingerprint } from './fingerprint.ts';

export interface TaskRecord {
  /**
   * Tells whether the task has nothing to do; undefined for one that runs whenever it is started.
   *
   * @param forced it has something to do, whatever was before
   * @throws PortrampError SYSTEM for one that runs once, where that cannot be told
   */
  judge(task: ResolvedService, forced?: boolean): Promise<Judgement | undefined>;
}

export interface Judgement {
  readonly isDone: boolean;
  /** Call when it has ended with code 0. Resolves when that is on disk, or cannot be, which is told. */
  succeed(): Promise<void>;
}

interface Success {
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly at: string;
}

type Successes = Readonly<Record<string, Success>>;

export interface TaskRecordOptions {
  /** The stack's own file; a broken one is like none: tasks run once more. */
  readonly path: string;
  /** Called when it cannot be read or written, once until that works again. */
  readonly onProblem: (problem: string) => void;
}

export function openTaskRecord({ path, onProblem }: TaskRecordOptions): TaskRecord {
  const inTurn = createQueue();
  /** Of this run, whether or not they are on disk. */
  let own: Successes = {};
  let hasProblem = false;
  const tell = (problem: string | undefined): void => {
    if (problem !== undefined && !hasProblem) onProblem(problem);
    hasProblem = problem !== undefined;
  };

  const lastOf = async (name: string, run: 'changed' | 'once'): Promise<Success | undefined> => {
    if (own[name] !== undefined) return own[name];
    try {
      return (await read(path))[name];
    } catch (error) {
      const { message, hint } = describeEntryError('cannot read', path, error);
      const problem = `cannot tell whether ${name} was done before: ${message}`;
      // What runs once may do harm when it runs twice; the other kind is made to be run again.
      if (run === 'once') throw new PortrampError('SYSTEM', problem, { hint, cause: error });
      tell(inOneLine({ message: problem, hint }));
      return undefined;
    }
  };

  const keep = async (name: string): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // What cannot be read is not replaced: the successes of other tasks are in it.
      const text = JSON.stringify({ ...(await read(path)), ...own }, undefined, 2);
      await writeFileAtomic(path, `${text}\n`);
      tell(undefined);
    } catch (error) {
      tell(`cannot remember that ${name} is done: ${path}: ${messageOf(error)}`);
    }
  };

  return {
    judge: async (task, forced = false) => {
      const { service } = task;
      if (service.kind !== 'task' || (service.run !== 'changed' && service.run !== 'once')) return undefined;
      const { name, run } = service;
      // Before it runs: an input that changes meanwhile makes it run again.
      const fingerprint = await takeFingerprint(task);
      const last = forced ? undefined : await lastOf(name, run);
      return {
        isDone: run === 'once' ? last !== undefined : last?.fingerprint === fingerprint,
        succeed: () => {
          own = { ...own, [name]: { fingerprint, at: timestamp() } };
          return inTurn(() => keep(name));
        },
      };
    },
  };
}

/** @throws the system's error for a file that is there and cannot be read: it says nothing about what is in it */
async function read(path: string): Promise<Successes> {
  const text = (await whenDescriptorsAllow(() => readStateFile(path))) ?? '';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
    const entries = Object.entries(value as Record<string, unknown>);
    return Object.fromEntries(entries.filter((entry): entry is [string, Success] => isSuccess(entry[1])));
  } catch {
    return {};
  }
}

const isSuccess = (value: unknown): value is Success =>
  typeof value === 'object' &&
  value !== null &&
  'fingerprint' in value &&
  typeof value.fingerprint === 'string';
