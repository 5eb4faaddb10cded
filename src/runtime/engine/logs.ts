/** Follows what one container prints, until it ends. */
import type { IncomingMessage } from 'node:http';

import type { OutputStream } from '../instance.ts';
import type { EngineClient } from './client.ts';

export interface LogFollower {
  /** Resolves when all that the container printed has been told. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface LogOptions {
  readonly id: string;
  /** From when on, as the engine writes times; absent: from now on. */
  readonly since: string;
  /** A container with a terminal has one stream, without frames around its pieces. */
  readonly hasTerminal: boolean;
  /** A returned promise pauses the stream until it settles. */
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
}

export function followLog(engine: EngineClient, options: LogOptions): LogFollower {
  const abort = new AbortController();
  const query = { follow: '1', stdout: '1', stderr: '1', since: toSeconds(options.since) };
  const follow = async (): Promise<void> => {
    const answer = await engine.open(`/containers/${options.id}/logs`, query, abort.signal);
    for await (const { stream, chunk } of piecesOf(answer, options.hasTerminal)) {
      if (abort.signal.aborted) return;
      await options.onOutput(stream, chunk);
    }
  };
  // Whether the container still runs is not told by its log.
  return { ended: follow().catch(() => undefined), close: () => abort.abort() };
}

/** The time (RFC 3339) as the API wants it: seconds, and nanoseconds after a point. */
export function toSeconds(time: string): string {
  const [, fraction = '0'] = /\.(\d+)/.exec(time) ?? [];
  const seconds = Math.floor(Date.parse(time) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? `${seconds}.${fraction.padEnd(9, '0').slice(0, 9)}` : '0';
}

interface Piece {
  readonly stream: OutputStream;
  readonly chunk: Buffer;
}

/** Docker Engine API, "Stream format": the kind of stream in the first byte, the size in the last four of eight. */
const HEADER = 8;
const STDERR = 2;

async function* piecesOf(answer: IncomingMessage, hasTerminal: boolean): AsyncGenerator<Piece> {
  let rest = Buffer.alloc(0);
  for await (const data of answer) {
    if (hasTerminal) {
      yield { stream: 'stdout', chunk: data as Buffer };
      continue;
    }
    rest = Buffer.concat([rest, data as Buffer]);
    while (rest.length >= HEADER) {
      const end = HEADER + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { stream: rest[0] === STDERR ? 'stderr' : 'stdout', chunk: rest.subarray(HEADER, end) };
      rest = rest.subarray(end);
    }
  }
}
