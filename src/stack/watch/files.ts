/** Tells when one of a few files has changed, whatever way an editor has of writing it. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { watch, type FSWatcher } from 'chokidar';

import type { Clock } from '../../lib/clock.ts';

export interface FileWatchOptions {
  readonly clock: Clock;
  /** Called after a change has calmed down; a change while it runs causes exactly one more call. */
  readonly onChange: () => Promise<void>;
}

export interface FileWatch {
  /**
   * Watches these from now on; absolute paths, which need not exist. Resolves when changes are seen. What changed
   * after `readFrom`, when their reader began (milliseconds since the epoch), is a change too.
   */
  follow(files: readonly string[], readFrom: number): Promise<void>;
  /** Calls `onChange` as if a file had changed. */
  check(): void;
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
    again = true;
    if (busy) return;
    busy = true;
    while (again && !closed) {
      again = false;
      await onChange();
    }
    busy = false;
  };

  const notice = (): void => {
    if (closed) return;
    cancel?.();
    cancel = clock.after(CALM, () => void run());
  };

  /** The old watcher is closed only when the new one sees: nothing happens unseen in between. */
  const open = async (): Promise<void> => {
    const folders = new Set([...followed].map((file) => dirname(file)));
    const next = await watchFolders(folders, {
      onFile: (path) => void (followed.has(path) && notice()),
      onReplaced: () => void (watcher === next && open().then(notice)),
    });
    const last = watcher;
    watcher = next;
    await last?.close();
    if (closed) await next.close();
  };

  return {
    follow: async (files, readFrom) => {
      const next = new Set(files);
      const isSame = next.size === followed.size && files.every((file) => followed.has(file));
      followed = next;
      if (isSame || closed) return;
      await open();
      if (files.some((file) => hasChangedAfter(file, readFrom))) notice();
    },
    check: notice,
    close: async () => {
      closed = true;
      cancel?.();
      await watcher?.close();
    },
  };
}

interface FolderListener {
  readonly onFile: (path: string) => void;
  /** A folder is another one now, under the same name: what is watched is not what is there. */
  readonly onReplaced: () => void;
}

/** Resolves when changes are seen. */
async function watchFolders(folders: ReadonlySet<string>, listener: FolderListener): Promise<FSWatcher> {
  const parents = new Set([...folders].map((folder) => dirname(folder)));
  const inodes = new Map([...folders].map((folder) => [folder, inodeOf(folder)]));
  // The folder, not the file: a file that is replaced is another file. Depth 0: only what lies in it. Its parent,
  // because a folder that is moved away says nothing.
  const watcher = watch([...parents, ...folders], {
    depth: 0,
    ignoreInitial: true,
    atomic: true,
    ignored: (path) => !parents.has(path) && !folders.has(path) && !folders.has(dirname(path)),
  });
  watcher.on('all', (_event, path) => listener.onFile(path));
  const names = new Set([...folders].map((folder) => basename(folder)));
  watcher.on('raw', (_event, path) => {
    // Whatever else is written beside a folder: a log in a folder of checkouts would cost a look for every line.
    if (path && !names.has(basename(path))) return;
    for (const [folder, inode] of inodes) {
      const now = inodeOf(folder);
      if (now === inode || now === undefined) continue;
      inodes.set(folder, now);
      listener.onReplaced();
    }
  });
  // A watch limit of the system must not end the stack.
  watcher.on('error', () => undefined);
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return watcher;
}

/** The time of a file's last change may lag behind the clock by a tick of the kernel. Milliseconds. */
const TICK = 50;

/** The folder tells of files that came or went. */
const hasChangedAfter = (file: string, time: number): boolean =>
  [file, dirname(file)].some((path) => {
    const changed = statSync(path, { throwIfNoEntry: false })?.ctimeMs;
    return changed !== undefined && changed > time - TICK;
  });

const inodeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;
