/** Watches the folders of a tree, one watch each, and tells which of its files have changed. */
import { watch, type Stats, type Dirent, type FSWatcher } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../lib/clock.ts';

/** Paths are relative to the root, with forward slashes; the root itself is ''. */
export interface TreeOptions {
  readonly root: string;
  readonly clock: Clock;
  /** Whether files below a folder can be of interest. */
  readonly descends: (folder: string) => boolean;
  readonly matches: (file: string) => boolean;
  /** Whether a folder that appears later is one that nobody is to look into. */
  readonly isIgnored: (folder: string) => Promise<boolean>;
  /** The name of files that say which folders are to be descended into. */
  readonly rules: string;
  /** Such a file may have changed: `review` looks again. */
  readonly onRules: () => void;
  /** A file has come, gone or changed in content. */
  readonly onChange: (file: string) => void;
  /** A folder cannot be watched. */
  readonly onError: (error: unknown) => void;
}

export interface Tree {
  /** Looks again which folders are descended into. What lies in those that come is no news. */
  review(): void;
  close(): Promise<void>;
}

/** What tells another content from a mere change of rights or of the last access. */
interface Content {
  readonly modified: number;
  readonly size: number;
}

interface Folder {
  readonly watcher: FSWatcher;
  readonly identity: string;
  /** The files that match, by name. */
  readonly files: Map<string, Content>;
}

/** So many files are looked at together. */
const BATCH = 64;

/** How often a root that is gone is looked for. Milliseconds. */
const ROOT_INTERVAL = 1_000;

/** Resolves when changes are seen. */
export async function watchTree(options: TreeOptions): Promise<Tree> {
  const { root, clock, descends, matches, onChange } = options;
  const folders = new Map<string, Folder>();
  /** Of all that are watched: a link may lead to one of them. */
  const identities = new Set<string>();
  /** Names that something has happened to, by folder. */
  const events = new Map<string, Set<string>>();
  let isToReview = false;
  let working: Promise<void> | undefined;
  let cancelRetry = (): void => undefined;
  let isClosed = false;

  const childOf = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

  const handleEvents = async (): Promise<void> => {
    while (isToReview && !isClosed) {
      isToReview = false;
      await review();
    }
    for (let next = take(events); next !== undefined && !isClosed; next = take(events)) {
      const [folder, names] = next;
      await lookAt(folder, [...names], true);
      if (folder === '') await followRoot();
    }
    working = undefined;
    if (isToReview && !isClosed) working = handleEvents();
  };
  const onEvent = (folder: string, name: string): void => {
    if (name === options.rules) options.onRules();
    const names = events.get(folder) ?? new Set();
    events.set(folder, names.add(name));
    working ??= handleEvents();
  };

  /** Watches a folder, and all below it that can matter. */
  const open = async (path: string, identity: string, isNews: boolean): Promise<void> => {
    if (isClosed || identities.has(identity)) return;
    const absolute = join(root, path);
    try {
      // First the watch, then the list: what comes in between is seen twice, not never.
      const watcher = watch(absolute, (_event, name) => onEvent(path, name ?? ''));
      watcher.on('error', () => drop(path));
      folders.set(path, { watcher, identity, files: new Map() });
      identities.add(identity);
    } catch (error) {
      if (!isGone(error)) options.onError(error);
      return;
    }
    const entries = await readdir(absolute, { withFileTypes: true }).catch(() => []);
    const names = entries
      .filter((entry) => isOfInterest(childOf(path, entry.name), entry))
      .map(({ name }) => name);
    await lookAt(path, names, isNews);
  };
  const isOfInterest = (path: string, entry?: Dirent): boolean =>
    (entry?.isDirectory() !== true && matches(path)) || (entry?.isFile() !== true && descends(path));

  /** Forgets a folder and those below it; returns the files that were known there. */
  const drop = (path: string): string[] => {
    const gone = [...folders].filter(([each]) => path === '' || each === path || each.startsWith(`${path}/`));
    for (const [each, { watcher, identity }] of gone) {
      folders.delete(each);
      identities.delete(identity);
      watcher.close();
    }
    return gone.flatMap(([each, { files }]) => [...files.keys()].map((name) => childOf(each, name)));
  };

  const review = async (): Promise<void> => {
    for (const path of folders.keys()) if (path !== '' && !descends(path)) drop(path);
    for (const [path, { files }] of folders) {
      const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
      // A file may have changed by now, which is told when its event comes.
      const names = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
      await lookAt(
        path,
        names.filter((name) => !files.has(name)),
        false,
      );
    }
  };

  /** A few files at once, then one folder after the other: a large tree does not cost more than a small one. */
  const lookAt = async (folder: string, names: readonly string[], isNews: boolean): Promise<void> => {
    for (let at = 0; at < names.length; at += BATCH) {
      const batch = names.slice(at, at + BATCH);
      for (const next of await Promise.all(batch.map((name) => look(folder, name, isNews)))) await next?.();
    }
  };

  /** Compares what lies under a name with what is known of it. @returns how to go on into a folder */
  const look = async (
    folder: string,
    name: string,
    isNews: boolean,
  ): Promise<(() => Promise<void>) | undefined> => {
    const path = childOf(folder, name);
    if (name === '' || !isOfInterest(path)) return undefined;
    const found = await stat(join(root, path)).catch(() => undefined);
    const known = folders.get(folder);
    if (known === undefined) return undefined;
    const identity = found === undefined ? undefined : identify(found);
    const inside = folders.get(path);
    if (inside !== undefined && inside.identity !== identity) for (const file of drop(path)) onChange(file);
    if (found?.isDirectory() === true && identity !== undefined) {
      return async () => {
        if (folders.has(path) || !descends(path) || (isNews && (await options.isIgnored(path)))) return;
        await open(path, identity, isNews);
      };
    }
    if (!matches(path)) return undefined;
    const before = known.files.get(name);
    if (found === undefined) {
      if (known.files.delete(name)) onChange(path);
      return undefined;
    }
    const content = { modified: found.mtimeMs, size: found.size };
    known.files.set(name, content);
    if (isNews && (before?.modified !== content.modified || before.size !== content.size)) onChange(path);
    return undefined;
  };

  /** Finds the root again after it was replaced, moved or removed. */
  const followRoot = async (isFirst = false): Promise<void> => {
    const found = await stat(root).catch(() => undefined);
    const identity = found === undefined ? undefined : identify(found);
    if (isClosed || (identity !== undefined && folders.get('')?.identity === identity)) return;
    for (const file of drop('')) onChange(file);
    if (identity !== undefined) await open('', identity, !isFirst);
    if (isClosed || folders.has('')) return;
    cancelRetry();
    cancelRetry = clock.after(ROOT_INTERVAL, () => onEvent('', ''));
  };

  await followRoot(true);
  return {
    review: () => {
      isToReview = true;
      working ??= handleEvents();
    },
    close: async () => {
      isClosed = true;
      cancelRetry();
      events.clear();
      await working;
      drop('');
    },
  };
}

function take<K, V>(map: Map<K, V>): readonly [K, V] | undefined {
  const [first] = map;
  if (first !== undefined) map.delete(first[0]);
  return first;
}

/** The number alone may be that of another one, which was made after the first was removed. */
const identify = ({ dev, ino, birthtimeMs }: Stats): string => `${dev}:${ino}:${birthtimeMs}`;

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
