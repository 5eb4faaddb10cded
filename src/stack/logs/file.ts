/** A log file of bounded size: when it is full it becomes `NAME.1`, and what was `NAME.1` is gone. */
import { constants } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, messageOf } from '../../lib/errors.ts';

export interface LogFile {
  /** A returned promise settles when enough has been written: who goes on before it fills the memory. */
  append(text: string): Promise<void> | undefined;
  /** Resolves when everything is on disk and the file is closed. */
  close(): Promise<void>;
}

export interface LogFileOptions {
  readonly path: string;
  /** Bytes; two files of this size are kept at most. */
  readonly maxSize: number;
  /** Called when lines cannot be written (they are lost), once until writing works again. */
  readonly onProblem: (problem: string) => void;
}

/** Unwritten characters from which on the writer is held up. */
const HIGH_WATER = 128 * 1024;

export function openLogFile({ path, maxSize, onProblem }: LogFileOptions): LogFile {
  let waiting: string[] = [];
  let unwritten = 0;
  let writing: Promise<void> | undefined;
  let handle: FileHandle | undefined;
  let size = 0;
  let hasProblem = false;

  const writeBatch = async (text: string): Promise<void> => {
    try {
      handle ??= await openForAppend(path);
      let stats = await handle.stat();
      // Somebody removed the file, or the folder: what is written to it nobody would ever read.
      if (stats.nlink === 0) {
        await handle.close();
        handle = undefined;
        handle = await openForAppend(path);
        stats = await handle.stat();
      }
      size = stats.size;
      if (size > maxSize) {
        await handle.close();
        handle = undefined;
        await rename(path, `${path}.1`);
        handle = await openForAppend(path);
      }
      await handle.appendFile(text);
      hasProblem = false;
    } catch (error) {
      if (!hasProblem) onProblem(`cannot write ${path}: ${messageOf(error)}`);
      hasProblem = true;
      await handle?.close().catch(() => undefined);
      handle = undefined;
    }
  };

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const text = waiting.join('');
      waiting = [];
      await writeBatch(text);
      unwritten -= text.length;
    }
    writing = undefined;
  };

  return {
    append: (text) => {
      waiting.push(text);
      unwritten += text.length;
      writing ??= writeAll();
      return unwritten > HIGH_WATER ? writing : undefined;
    },
    close: async () => {
      await writing;
      await handle?.close();
      handle = undefined;
    },
  };
}

/** Opens the file, and makes it, and its folder, where they are not there. A link in the file's place is refused. */
async function openForAppend(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, flags, 0o600);
  }
}
