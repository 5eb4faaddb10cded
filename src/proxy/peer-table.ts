/** Asks Linux how clients' ends of connections are: one pass over its socket tables for all that are asked about. */
import { open, type FileHandle } from 'node:fs/promises';

import { findColumns, findState, type Connection, type PeerState } from './peer-row.ts';

/** Bytes of one read. The kernel gives a page of such a file at once at most, and always whole rows. */
const CHUNK = 4096;

/**
 * Looks up each connection. The tables are read by the threads that read files, so that the kernel's walk over its
 * connections (milliseconds) is not the event loop's, and no further than until all are found. Never rejects: what
 * cannot be read has no rows.
 */
export async function lookUpPeers(connections: readonly Connection[]): Promise<PeerState[]> {
  const states = connections.map((): PeerState => 'absent');
  const sought = connections.flatMap((connection, index) =>
    findColumns(connection).map((row) => ({ ...row, index })),
  );
  for (const table of ['tcp', 'tcp6'] as const) {
    let missing = sought.filter((row) => row.table === table && states[row.index] === 'absent');
    if (missing.length === 0) continue;
    for await (const rows of readTable(`/proc/net/${table}`)) {
      for (const { columns, index } of missing) states[index] = findState(rows, columns) ?? 'absent';
      missing = missing.filter(({ index }) => states[index] === 'absent');
      if (missing.length === 0) break;
    }
  }
  return states;
}

async function* readTable(path: string): AsyncGenerator<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield chunk.toString('latin1', 0, bytesRead);
    }
  } catch {
    // No such table, as without IPv6, or none that may be read.
  } finally {
    await file?.close();
  }
}
