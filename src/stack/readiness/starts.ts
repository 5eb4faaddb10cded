/** Remembers across the runs of a stack how its services started, and so how long silence is ordinary for each. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/hash.ts';
import { createQueue } from '../../lib/queue.ts';
import { readStateFile } from '../../lib/state-file.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { SILENCE } from './assess.ts';
import type { Finding } from './watch-options.ts';

/** The last start of a command: milliseconds until its port listened, or that it never did. */
interface Start {
  /** SHA-256 of the command and its folder: another one starts otherwise. */
  readonly command: string;
  readonly took: number | 'never';
}

/** One start of a service: what earlier ones taught, and what this one teaches. */
export interface StartHistory {
  /** Milliseconds of silence that are ordinary for it. */
  readonly patience: () => number;
  /** Milliseconds after which it listened the last time; undefined where that is not known, or it never did. */
  readonly took: () => number | undefined;
  /** @param isListening whether something of its own listens */
  readonly learn: (finding: Finding, isListening: boolean) => void;
}

export interface StartMemory {
  /** Begins with the start of a process of the service. */
  begin(launched: ResolvedService): StartHistory;
  /** Resolves when all that was learned is on disk, or cannot be. */
  close(): Promise<void>;
}

/** Milliseconds for what has never opened a port. */
export const NEVER = 2_000;

/** The longest silence that is waited for, in milliseconds. */
const MOST = 600_000;

/**
 * Milliseconds of silence that are ordinary after such a start; unless it is known, those of any service. One that was
 * quick has as much time as any: on a machine that is busy it would be called running, and `dev -d` end before it is
 * ready.
 */
export const patienceAfter = (took: Start['took'] | undefined): number =>
  took === 'never' ? NEVER : Math.min(MOST, Math.max(SILENCE, 2 * (took ?? 0)));

/** @param path of the stack's own file; a broken one is like none, and one that cannot be read is left as it is */
export function openStartMemory(path: string, clock: Pick<Clock, 'now'>): StartMemory {
  const inTurn = createQueue();
  let starts: Readonly<Record<string, Start>> = {};
  /** Whether the file may be replaced: what is in it is known. */
  const loaded = read(path).then(
    (known) => {
      starts = { ...known, ...starts };
      return true;
    },
    () => false,
  );

  const keep = (service: string, start: Start): void => {
    const last = starts[service];
    if (last?.command === start.command && patienceAfter(last.took) === patienceAfter(start.took)) return;
    starts = { ...starts, [service]: start };
    // What cannot be kept is learned once more.
    void inTurn(async () => {
      if (!(await loaded)) return;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, `${JSON.stringify(starts, undefined, 2)}\n`);
    }).catch(() => undefined);
  };

  return {
    begin: ({ name, command: words, dir }) => {
      const begun = clock.now();
      const command = sha256(JSON.stringify([words, dir]));
      let isKnown = false;
      return {
        patience: () => {
          const last = starts[name];
          return patienceAfter(last?.command === command ? last.took : undefined);
        },
        took: () => {
          const last = starts[name];
          return last?.command === command && last.took !== 'never' ? last.took : undefined;
        },
        learn: (finding, isListening) => {
          const { kind } = finding;
          // What still computes may yet open one.
          if (kind === 'silent' && finding.busy === true) return;
          if (isKnown || (kind !== 'silent' && !(kind === 'ready' && isListening))) return;
          isKnown = kind === 'ready';
          keep(name, { command, took: isKnown ? Math.round(clock.now() - begun) : 'never' });
        },
      };
    },
    close: () => inTurn(async () => void (await loaded)),
  };
}

/** @throws the system's error for a file that is there and cannot be read */
async function read(path: string): Promise<Readonly<Record<string, Start>>> {
  const text = (await readStateFile(path)) ?? '';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, Start] => isStart(entry[1])),
    );
  } catch {
    return {};
  }
}

const isStart = (value: unknown): value is Start =>
  typeof value === 'object' &&
  value !== null &&
  'command' in value &&
  typeof value.command === 'string' &&
  'took' in value &&
  (value.took === 'never' || (typeof value.took === 'number' && value.took >= 0));
