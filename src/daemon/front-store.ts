/**
 * The front's number between two starts, in a file of its own: it is in every URL that people know, so it must not
 * be lost with the ledger.
 */
import { rename } from 'node:fs/promises';

import { writeFileAtomic } from '../lib/atomic-write.ts';
import { today } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { describeEntryError, readStateFile } from '../lib/state-file.ts';

/** A number of the front, and how often it had moved until then: of two that are remembered the higher count is right. */
export interface FrontNumber {
  readonly http: number;
  readonly moves: number;
}

export interface StoredFront {
  /** Undefined when there was no front yet, or the file could not be understood. */
  readonly number: FrontNumber | undefined;
  /** Set when the file was damaged and set aside. */
  readonly problem: string | undefined;
}

/**
 * Reads the front's number. A damaged file is set aside as `front.json.corrupt-TIME`.
 * @throws PortrampError STATE_FOLDER when the file is there and cannot be read: another number must not be chosen then.
 */
export async function readFrontNumber(path: string, now: () => Date = today): Promise<StoredFront> {
  let text: string | undefined;
  try {
    text = await readStateFile(path);
  } catch (error) {
    const { message } = describeEntryError('cannot read', path, error);
    throw new PortrampError('STATE_FOLDER', message, {
      hint: `the front keeps its port when that file can be read again, or when it is moved away: mv ${shellWord(path)} ${shellWord(`${path}.aside`)}`,
      cause: error,
    });
  }
  if (text === undefined) return { number: undefined, problem: undefined };
  const number = parseNumber(text);
  if (number !== undefined) return { number, problem: undefined };
  const aside = `${path}.corrupt-${now().toISOString().replaceAll(':', '-')}`;
  await rename(path, aside);
  return {
    number: undefined,
    problem: `the file with the front's port could not be read and was set aside as ${aside}; stacks that run know the port`,
  };
}

function parseNumber(text: string): FrontNumber | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('http' in value)) return undefined;
  // Written before moves were counted: nothing had moved it since.
  const moves = 'moves' in value ? value.moves : 1;
  const { http } = value;
  if (!isCount(http) || http < 1 || http > 65_535 || !isCount(moves)) return undefined;
  return { http, moves };
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Keeps the number for the next start. @throws what the system says of the file. */
export async function keepFrontNumber(path: string, number: FrontNumber): Promise<void> {
  const text = `${JSON.stringify({ http: number.http, moves: number.moves })}\n`;
  const present = await readStateFile(path).catch(() => undefined);
  if (present !== text) await writeFileAtomic(path, text);
}
