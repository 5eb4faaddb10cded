/** A log file of bounded size: when it is full it becomes `NAME.1`, and what was `NAME.1` is gone. */
import { constants } from 'node:fs';
import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf } from '../../lib/errors.ts';
import { describeEntryError, inOneLine, refuseOtherKinds } from '../../lib/state-file.ts';

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
  /**
   * Called when lines cannot be written, once until writing works again. Then the last of them are written; those before
   * them are lost.
   */
  readonly onProblem: (problem: string) => void;
}

/** Unwritten characters from which on the writer is held up. */
const HIGH_WATER = 128 * 1024;

/** Characters of lines that are kept until they can be written. */
const MOST_HELD = 128 * 1024;

/** A file that cannot be moved away grows to so many times its size. */
const MOST_SIZES = 2;

export function openLogFile({ path, maxSize, onProblem }: LogFileOptions): LogFile {
  let waiting: string[] = [];
  let unwritten = 0;
  let writing: Promise<void> | undefined;
  let handle: FileHandle | undefined;
  /** What could not be written, to be written before what comes next. */
  let held = '';
  /** Whether half a line may be at the end of the file. */
  let isTorn = false;
  let hasProblem = false;

  const drop = async (): Promise<void> => {
    const file = handle;
    handle = undefined;
    await file?.close();
  };

  /** Opens the file where it is not open, or where somebody removed it: nobody would read what is written then. */
  const ready = async (): Promise<{ readonly file: FileHandle; readonly size: number }> => {
    handle ??= await openForAppend(path);
    const { nlink, size } = await handle.stat();
    if (nlink > 0) return { file: handle, size };
    await drop();
    handle = await openForAppend(path);
    return { file: handle, size: (await handle.stat()).size };
  };

  /**
   * @returns the error of a file that cannot be moved: it grows on for a while
   * @throws that error when it has grown enough
   */
  const rotate = async (size: number): Promise<unknown> => {
    try {
      await drop();
      await rename(path, `${path}.1`);
      return undefined;
    } catch (error) {
      if (size > MOST_SIZES * maxSize) throw error;
      return error;
    }
  };

  const tell = (problem: unknown): void => {
    if (problem !== undefined && !hasProblem)
      onProblem(inOneLine(describeEntryError('cannot write', path, problem)));
    hasProblem = problem !== undefined;
  };

  /** Appends all of it or nothing: half a line would swallow the one that follows. */
  const appendWhole = async (file: FileHandle, text: string, size: number): Promise<void> => {
    try {
      await file.appendFile(isTorn ? `\n${text}` : text);
      isTorn = false;
    } catch (error) {
      await file.truncate(size).catch(() => {
        isTorn = true;
      });
      throw error;
    }
  };

  const writeBatch = async (text: string): Promise<void> => {
    const all = held + text;
    try {
      let { file, size } = await ready();
      const problem = size > maxSize ? await rotate(size) : undefined;
      if (size > maxSize) ({ file, size } = await ready());
      await appendWhole(file, all, size);
      held = '';
      tell(problem);
    } catch (error) {
      held = lastLines(all);
      await drop().catch(() => undefined);
      tell(error);
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
      if (held !== '') await writeBatch('');
      await drop().catch(tell);
    },
  };
}

/** The last lines of what cannot be written, as many as are kept. */
function lastLines(text: string): string {
  if (text.length <= MOST_HELD) return text;
  const end = text.slice(-MOST_HELD);
  return end.slice(end.indexOf('\n') + 1);
}

const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  // A named pipe is opened without waiting for a reader, who may never come.
  (constants.O_NONBLOCK ?? 0);

/**
 * Opens the file, and makes it, and its folder, where they are not there. A link in the file's place is refused, and so
 * is whatever else is no file.
 */
async function openForAppend(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, 0o600).catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, FLAGS, 0o600);
  });
  await refuseOtherKinds('cannot write', path, file);
  return file;
}
