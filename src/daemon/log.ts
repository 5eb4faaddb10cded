import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';

import { today } from '../lib/clock.ts';

/** A named pipe in its place is opened without waiting for a reader: the daemon would stand still (fifo(7)). */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/** The log and its predecessor stay below this many bytes each. */
const MAX_LOG = 1024 * 1024;

/**
 * Appends lines with their time to the daemon's log; the old half moves to `daemon.log.1`. The file is kept open: a
 * process without a descriptor left can still say so.
 */
export function createLog(path: string, now: () => Date = today): (line: string) => void {
  let file: number | undefined;

  /** The open file, another one where that path leads to another one now. */
  const current = (): number => {
    if (file !== undefined && isSameFile(file, path)) return file;
    const next = openSync(path, FLAGS, 0o600);
    if (!fstatSync(next).isFile()) {
      closeSync(next);
      throw new Error(`${path} is no file`);
    }
    if (file !== undefined) closeSync(file);
    file = next;
    return next;
  };

  return (line) => {
    const text = `${now().toISOString()} ${line}\n`;
    try {
      const target = current();
      if (fstatSync(target).size > MAX_LOG) {
        // Copied, not renamed: the file is also this process's stdout and stderr.
        keepHalf(path);
        truncateSync(path);
      }
      writeSync(target, text);
    } catch {
      // A full disk must not stop the daemon. Where the file cannot be opened again, the last one may still be read.
      if (file !== undefined) writeTo(file, text);
    }
  };
}

/** Copies the log to `PATH.1`. Where that cannot be, the old half is lost: a log has a bound. */
function keepHalf(path: string): void {
  const half = `${path}.1`;
  try {
    // Removed first: another user's file, a link or a named pipe is not written to.
    rmSync(half, { force: true });
    copyFileSync(path, half, constants.COPYFILE_EXCL);
  } catch {
    // A folder, or a full disk.
  }
}

function writeTo(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    // There is nowhere else to say so.
  }
}

function isSameFile(file: number, path: string): boolean {
  const [open, named] = [fstatSync(file), statSync(path, { throwIfNoEntry: false })];
  return named !== undefined && open.ino === named.ino && open.dev === named.dev;
}
