import { closeSync, copyFileSync, openSync, statSync, fstatSync, truncateSync, writeSync } from 'node:fs';

import { today } from '../lib/clock.ts';

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
    const next = openSync(path, 'a', 0o600);
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
        copyFileSync(path, `${path}.1`);
        truncateSync(path);
      }
      writeSync(target, text);
    } catch {
      // A full disk must not stop the daemon. Where the file cannot be opened again, the last one may still be read.
      if (file !== undefined) writeTo(file, text);
    }
  };
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
