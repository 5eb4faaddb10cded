/**
 * The front's port between two starts, in a file of its own: it is in every URL that people know, so it must not
 * be lost with the ledger.
 */
import { readFile } from 'node:fs/promises';

import { writeFileAtomic } from '../lib/atomic-write.ts';

/** Undefined when there was no front yet, or the file holds no port. */
export async function readFrontPort(path: string): Promise<number | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    const http = typeof value === 'object' && value !== null && 'http' in value ? value.http : undefined;
    return typeof http === 'number' && Number.isInteger(http) && http > 0 && http < 65_536 ? http : undefined;
  } catch {
    return undefined;
  }
}

export async function keepFrontPort(path: string, http: number): Promise<void> {
  if ((await readFrontPort(path)) !== http) await writeFileAtomic(path, `${JSON.stringify({ http })}\n`);
}
