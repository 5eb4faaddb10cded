import { appendFileSync, copyFileSync, statSync, truncateSync } from 'node:fs';

import { today } from '../lib/clock.ts';

/** The log and its predecessor stay below this many bytes each. */
const MAX_LOG = 1024 * 1024;

/** Appends lines with their time to the daemon's log; the old half moves to `daemon.log.1`. */
export function createLog(path: string, now: () => Date = today): (line: string) => void {
  return (line) => {
    try {
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (size > MAX_LOG) {
        // Copied, not renamed: the file is also this process's stdout and stderr.
        copyFileSync(path, `${path}.1`);
        truncateSync(path);
      }
      appendFileSync(path, `${now().toISOString()} ${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop the daemon; there is nowhere else to say so.
    }
  };
}
