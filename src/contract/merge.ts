import type { Entry, Mapping, Path, Tree } from './tree.ts';

/**
 * Lays an overlay over a tree: maps merge, lists and scalars replace. A `null` takes the value away, except in
 * `env`, where it stays, because there it takes the variable away from the process.
 */
export function mergeTrees(base: Mapping, overlay: Mapping, path: Path = []): Mapping {
  const entries = new Map<string, Entry>(base.entries);
  for (const [key, entry] of overlay.entries) {
    const below = entries.get(key);
    if (below !== undefined && isNull(entry.value) && path.at(-1) !== 'env') {
      entries.delete(key);
    } else if (below?.value.kind === 'map' && entry.value.kind === 'map') {
      const value = mergeTrees(below.value, entry.value, [...path, key]);
      // The key stands where it was first written, what is in it where it was written last.
      entries.set(key, { at: below.at, value });
    } else {
      entries.set(key, entry);
    }
  }
  return { ...base, entries };
}

const isNull = (tree: Tree): boolean => tree.kind === 'scalar' && tree.value === null;
