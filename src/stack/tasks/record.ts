/** When the tasks of a stack last succeeded, kept across its runs. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { timestamp } from '../../lib/clock.ts';
import { createQueue } from '../../lib/queue.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { takeFingerprint } from './fingerprint.ts';

export interface TaskRecord {
  /** Whether the task has nothing to do. Undefined for one that runs whenever it is started. */
  judge(task: ResolvedService): Promise<Judgement | undefined>;
}

export interface Judgement {
  readonly isDone: boolean;
  /** Call when it has ended with code 0. */
  succeed(): Promise<void>;
}

interface Success {
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly at: string;
}

/** @param path of the stack's own file; a broken one is like none: tasks run once more. */
export function openTaskRecord(path: string): TaskRecord {
  const inTurn = createQueue();
  return {
    judge: async (task) => {
      const { service } = task;
      if (service.kind !== 'task' || (service.run !== 'changed' && service.run !== 'once')) return undefined;
      // Before it runs: an input that changes meanwhile makes it run again.
      const fingerprint = await takeFingerprint(task);
      const last = (await read(path))[service.name];
      return {
        isDone: service.run === 'once' ? last !== undefined : last?.fingerprint === fingerprint,
        succeed: () =>
          inTurn(async () => {
            const success: Success = { fingerprint, at: timestamp() };
            await mkdir(dirname(path), { recursive: true, mode: 0o700 });
            const text = JSON.stringify({ ...(await read(path)), [service.name]: success }, undefined, 2);
            await writeFileAtomic(path, `${text}\n`);
          }),
      };
    },
  };
}

async function read(path: string): Promise<Readonly<Record<string, Success>>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
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
