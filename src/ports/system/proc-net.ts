/**
 * Reads what listens from `/proc/net/tcp` and `/proc/net/tcp6`, and no more of it than is needed. For every read of
 * them the kernel walks its table of connections, which has room for hundreds of thousands however few there are: a
 * read that only finds the end costs as much as the one that found everything.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes of one read: the kernel never gives more of such a file at once, and always whole rows. */
const CHUNK = 4096;

/** No row is longer (bytes): a read that leaves more room than this has left it because nothing is left. */
const LONGEST_ROW = 300;

const LISTENS = ' 0A ';

/** The rows that listen and perhaps others; empty where the file cannot be read. */
export function readListenerRows(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    return readRows((chunk) => readSync(file, chunk, 0, chunk.length, null));
  } catch {
    return '';
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
