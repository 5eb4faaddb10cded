/** Reads the log files of a stack, from any process: the last lines, and those that come. */
import { constants, watch } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf, type PortrampError } from '../../lib/errors.ts';
import { describeEntryError, refuseOtherKinds } from '../../lib/state-file.ts';
import { parseLine, type LogLine } from './line.ts';

export interface ReadOptions {
  readonly folder: string;
  /** Absent: every service, also those that appear later. */
  readonly services?: readonly string[];
  /** How many lines of each service to begin with. */
  readonly tail: number;
  readonly follow: boolean;
  /** Ends the following. */
  readonly signal: AbortSignal;
  /** Called when the log of a service cannot be read, once until that works again; the others are read on. */
  readonly onProblem: (problem: PortrampError) => void;
}

/** The services that have a log file. @throws PortrampError STATE_FOLDER where that cannot be told */
export async function listLogs(folder: string): Promise<string[]> {
  const names = await readdir(folder)
    .catch(noneWhereMissing([]))
    .catch((error: unknown) => {
      throw describeEntryError('cannot read', folder, error);
    });
  return names
    .filter((name) => name.endsWith('.log'))
    .map((name) => name.slice(0, -'.log'.length))
    .sort();
}

/**
 * The last lines of all services in the order of their time, then what comes. A reader that is slow holds nobody
 * up: what the files have dropped before it was read is told as a number of lines skipped.
 */
export async function* readLogs(options: ReadOptions): AsyncGenerator<LogLine> {
  const { folder, tail, follow, signal } = options;
  const readers = new Map<string, LogReader>();
  const pokes = follow ? watchFolder(folder, signal) : undefined;
  const update = async (): Promise<void> => {
    for (const service of options.services ?? (await listLogs(folder))) {
      if (!readers.has(service)) readers.set(service, new LogReader(folder, service));
    }
  };
  await update();
  const hasProblem = new Set<LogReader>();
  const tell = (reader: LogReader, error: unknown): void => {
    if (!hasProblem.has(reader)) options.onProblem(describeEntryError('cannot read', reader.path, error));
    hasProblem.add(reader);
  };
  const lasts = await Promise.all(
    [...readers.values()].map((reader) =>
      reader.readLast(tail).catch((error: unknown): LogLine[] => {
        tell(reader, error);
        return [];
      }),
    ),
  );
  yield* lasts.flat().sort((left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0));
  while (pokes !== undefined && !signal.aborted) {
    const poked = pokes.next();
    await update();
    for (const reader of readers.values()) {
      try {
        yield* reader.readOn();
        hasProblem.delete(reader);
      } catch (error) {
        tell(reader, error);
      }
    }
    await poked;
  }
}

interface Pokes {
  /** Resolves at the next change, or when the signal aborts. */
  next(): Promise<void>;
}

/** Milliseconds between looks where the system cannot tell about changes. */
const POLL = 500;
const RARELY = 2_000;

function watchFolder(folder: string, signal: AbortSignal): Pokes {
  let poke: (() => void) | undefined;
  const onChange = (): void => poke?.();
  signal.addEventListener('abort', onChange, { once: true });
  const lookEvery = (ms: number): void => {
    const timer = setInterval(onChange, ms);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  };
  try {
    watch(folder, { signal }, onChange).on('error', onChange);
    // One that was removed and made anew is another folder, of which the watch knows nothing.
    lookEvery(RARELY);
  } catch {
    // The folder is not there yet, or there are too many watches.
    lookEvery(POLL);
  }
  return {
    next: () =>
      new Promise((resolve) => {
        poke = resolve;
        if (signal.aborted) resolve();
      }),
  };
}

const CHUNK = 64 * 1024;
const LINE_FEED = 0x0a;

/** Reads one service's file on and on, through its rotations. */
class LogReader {
  readonly path: string;
  readonly #service: string;
  #inode = 0;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);
  #sequence = 0;

  constructor(folder: string, service: string) {
    this.#service = service;
    this.path = join(folder, `${service}.log`);
  }

  async readLast(count: number): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for (const path of [`${this.path}.1`, this.path]) {
      const file = await openIfThere(path);
      if (file === undefined) continue;
      try {
        const { ino, size } = await file.stat();
        const start = count === 0 ? size : await findStart(file, size, count);
        this.#begin(ino, start);
        for await (const line of this.#readFile(file)) lines.push(line);
      } finally {
        await file.close();
      }
    }
    return count === 0 ? [] : lines.slice(-count);
  }

  async *readOn(): AsyncGenerator<LogLine> {
    const file = await openIfThere(this.path);
    if (file === undefined) return;
    try {
      const { ino, size } = await file.stat();
      // A file that was dropped may leave its inode to the next one.
      if (ino !== this.#inode || size < this.#offset) {
        yield* this.#finishRotated();
        this.#begin(ino, 0);
      }
      yield* this.#withGaps(this.#readFile(file));
    } finally {
      await file.close();
    }
  }

  #begin(inode: number, offset: number): void {
    this.#inode = inode;
    this.#offset = offset;
    this.#rest = Buffer.alloc(0);
  }

  /** What was written between the last look and the rotation is in the file that moved away. */
  async *#finishRotated(): AsyncGenerator<LogLine> {
    const file = await openIfThere(`${this.path}.1`);
    if (file === undefined) return;
    try {
      if ((await file.stat()).ino === this.#inode) yield* this.#withGaps(this.#readFile(file));
    } finally {
      await file.close();
    }
  }

  async *#withGaps(lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
    let last = this.#sequence;
    for await (const line of lines) {
      const missed = line.sequence - last - 1;
      // A new run of the stack counts from 1 again.
      if (last > 0 && missed > 0) {
        yield { ...line, stream: 'portramp', sequence: line.sequence - 1, text: `${missed} lines skipped` };
      }
      last = line.sequence;
      yield line;
    }
  }

  async *#readFile(file: FileHandle): AsyncGenerator<LogLine> {
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      this.#rest = bytes.subarray(end);
      for (const text of bytes.toString('utf8', 0, Math.max(0, end - 1)).split('\n')) {
        const line = end === 0 ? undefined : parseLine(this.#service, text);
        if (line === undefined) continue;
        this.#sequence = line.sequence;
        yield line;
      }
    }
  }
}

/** Where the last `count` lines begin. Reads backwards, so that a large file costs no more than its end. */
async function findStart(file: FileHandle, size: number, count: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK);
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index -= 1) {
      if (chunk[index] !== LINE_FEED) continue;
      found += 1;
      // The last line feed ends the last line.
      if (found > count) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  // A named pipe is opened without waiting for a writer, who may never come.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch(noneWhereMissing(undefined));
  if (file !== undefined) await refuseOtherKinds('cannot read', path, file);
  return file;
}

/** What cannot be looked at is not missing. @throws the system's error */
const noneWhereMissing =
  <T>(none: T) =>
  (error: unknown): T => {
    if (errnoOf(error) === 'ENOENT') return none;
    throw error;
  };
