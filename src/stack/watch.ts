/** Tells when one of a few files has changed, whatever way an editor has of writing it. */
import { dirname } from 'node:path';

import { watch, type FSWatcher } from 'chokidar';

import type { Clock } from '../lib/clock.ts';

export interface FileWatchOptions {
  readonly clock: Clock;
  /** Called after a change has calmed down; a change while it runs causes exactly one more call. */
  readonly onChange: () => Promise<void>;
}

export interface FileWatch {
  /** Watches these from now on; absolute paths, which need not exist. Resolves when changes are seen. */
  follow(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds without another change: editors write in several steps. */
const CALM = 50;

export function watchFiles({ clock, onChange }: FileWatchOptions): FileWatch {
  let followed = new Set<string>();
  let watcher: FSWatcher | undefined;
  let cancel: (() => void) | undefined;
  let busy = false;
  let again = false;
  let closed = false;

  const run = async (): Promise<void> => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      await onChange();
    } while (again && !closed);
    busy = false;
  };

  const noticeChange = (path: string): void => {
    if (closed || !followed.has(path)) return;
    cancel?.();
    cancel = clock.after(CALM, () => void run());
  };

  const open = async (): Promise<void> => {
    const folders = [...new Set([...followed].map((file) => dirname(file)))];
    // The folder, not the file: a file that is replaced is another file. Depth 0: only what lies in it.
    const next = watch(folders, { depth: 0, ignoreInitial: true, atomic: true });
    watcher = next;
    next.on('all', (_event, path) => noticeChange(path));
    // A watch limit of the system must not end the stack.
    next.on('error', () => undefined);
    // A folder that is itself replaced is watched anew, and whatever it holds now counts as changed.
    next.on('unlinkDir', (path) => {
      if (folders.includes(path)) void reopen();
    });
    await new Promise<void>((resolve) => next.once('ready', resolve));
  };

  const reopen = async (): Promise<void> => {
    if (closed) return;
    await watcher?.close();
    await open();
    const [first] = followed;
    if (first !== undefined) noticeChange(first);
  };

  return {
    follow: async (files) => {
      const next = new Set(files);
      const isSame = next.size === followed.size && files.every((file) => followed.has(file));
      followed = next;
      if (isSame || closed) return;
      await watcher?.close();
      await open();
    },
    close: async () => {
      closed = true;
      cancel?.();
      await watcher?.close();
    },
  };
}
