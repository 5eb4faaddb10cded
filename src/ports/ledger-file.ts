/** The ledger on disk: one writer (the daemon), whole-file replacement, writes one after the other. */
import { rename } from 'node:fs/promises';

import { writeFileAtomic } from '../lib/atomic-write.ts';
import { today } from '../lib/clock.ts';
import { PortrampError, errnoOf, messageOf } from '../lib/errors.ts';
import { readStateFile } from '../lib/state-file.ts';
import { LEDGER_VERSION, emptyLedger, ledgerSchema, type Ledger } from './ledger.ts';

export interface LedgerFile {
  /** What is on disk, or on its way there. */
  readonly current: Ledger;
  /**
   * Applies a change and resolves when it is on disk. Changes made while a write is under way share the next
   * one. When a write fails, every change that is not on disk is undone.
   * @throws PortrampError STATE_FOLDER; the file then holds what it held before.
   */
  commit(change: (ledger: Ledger) => Ledger): Promise<void>;
  /** Resolves when nothing is being written. */
  flush(): Promise<void>;
}

export interface OpenedLedger {
  readonly file: LedgerFile;
  /** Set when the file could not be read and was set aside. */
  readonly problem: string | undefined;
}

/**
 * Reads the ledger, or starts an empty one. A broken file is set aside as `ledger.json.corrupt-TIME`.
 * @throws PortrampError LEDGER_NEWER (the file stays where it is), STATE_FOLDER.
 */
export async function openLedger(path: string, now: () => Date = today): Promise<OpenedLedger> {
  const text = await readText(path);
  if (text === undefined) return { file: createLedgerFile(path, emptyLedger), problem: undefined };
  const ledger = parseLedger(path, text);
  if (ledger !== undefined) return { file: createLedgerFile(path, ledger), problem: undefined };
  const aside = `${path}.corrupt-${now().toISOString().replaceAll(':', '-')}`;
  await rename(path, aside);
  return {
    file: createLedgerFile(path, emptyLedger),
    problem: `the lease ledger could not be read and was set aside as ${aside}; stacks that run keep their ports`,
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readStateFile(path);
  } catch (error) {
    if (error instanceof PortrampError) throw error;
    throw new PortrampError('STATE_FOLDER', `cannot read ${path}: ${messageOf(error)}`, {
      hint: 'see who owns that file and the disk it is on: names and port numbers are kept in it',
      cause: error,
    });
  }
}

function parseLedger(path: string, text: string): Ledger | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const version =
    typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version > LEDGER_VERSION) {
    throw new PortrampError(
      'LEDGER_NEWER',
      `${path} has version ${version}; this portramp reads up to ${LEDGER_VERSION}`,
      { hint: 'use the newer portramp, or another PORTRAMP_HOME' },
    );
  }
  const result = ledgerSchema.safeParse(value);
  return result.success ? result.data : undefined;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: PortrampError) => void;
}

function createLedgerFile(path: string, initial: Ledger): LedgerFile {
  let current = initial;
  let onDisk = initial;
  /** Commits that no write has taken up yet. */
  let waiting: Waiter[] = [];
  let writer: Promise<void> | undefined;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      const ledger = current;
      waiting = [];
      try {
        if (ledger !== onDisk) await writeFileAtomic(path, `${JSON.stringify(ledger, null, 1)}\n`);
        onDisk = ledger;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // Whoever waits for a later change is told as well: it was built on this one.
        const failed = [...batch, ...waiting];
        waiting = [];
        current = onDisk;
        for (const { reject } of failed) reject(writeError(path, error));
      }
    }
    writer = undefined;
  };

  return {
    get current() {
      return current;
    },
    commit: (change) =>
      new Promise((resolve, reject) => {
        current = change(current);
        if (current === onDisk && writer === undefined) {
          resolve();
          return;
        }
        waiting.push({ resolve, reject });
        writer ??= writeAll();
      }),
    flush: async () => writer,
  };
}

function writeError(path: string, error: unknown): PortrampError {
  const full = ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
  return new PortrampError('STATE_FOLDER', `cannot write ${path}: ${messageOf(error)}`, {
    hint: full
      ? 'make room on the disk; nothing that was granted before is lost'
      : 'see who owns the state folder and its files',
    cause: error,
  });
}
