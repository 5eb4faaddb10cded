/**
 * Reads what listens from `/proc/net/tcp` and `/proc/net/tcp6`, and no more of it than is needed. For every read of
 * them the kernel walks its table of connections, which has room for hundreds of thousands however few there are: a
 * read that only finds the end costs as much as the one that found everything.
 */
import { closeSync, openSync, readSync } from 'node:fs';

import { isScarcity, withDescriptor } from './descriptors.ts';

/** Bytes of one read: the kernel never gives more of such a file at once, and always whole rows. */
const CHUNK = 4096;

/** No row is longer (bytes): a read that leaves more room than this has left it because nothing is left. */
const LONGEST_ROW = 300;

const LISTENS = ' 0A ';

/**
 * The rows that listen and perhaps others; empty where the file cannot be read.
 * @throws the system's error where there is no descriptor to look with
 */
export function readListenerRows(path: string): string {
  try {
    return withDescriptor(() => readAll(path));
  } catch (error) {
    if (isScarcity(error)) throw error;
    return '';
  }
}

function readAll(path: string): string {
  const file = openSync(path, 'r');
  try {
    return readRows((chunk) => readSync(file, chunk, 0, chunk.length, null));
  } finally {
    closeSync(file);
  }
}

/** `read` fills the chunk and returns how many bytes it took. */
export function readRows(read: (chunk: Buffer) => number): string {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let text = '';
  for (;;) {
    const size = read(chunk);
    const before = text.lastIndexOf('\n') + 1;
    text += chunk.toString('latin1', 0, size);
    if (size < CHUNK - LONGEST_ROW) return text;
    // What listens comes first. A whole chunk without any is all connections, and so is the rest.
    if (!text.includes(LISTENS, before)) return text;
  }
}
