/**
 * What was read from YAML, with the place of every word. Aliases and merge keys are resolved: the tree holds
 * what they stand for, at the place where that was written. Immutable; subtrees may be shared.
 */
import type { Position } from './diagnostic.ts';

export type Tree = Scalar | List | Mapping;

export interface Scalar {
  readonly kind: 'scalar';
  readonly at: Position;
  readonly value: string | number | boolean | null;
  /** As written: `1.10` is the number 1.1. */
  readonly text: string;
  /** One of those that the reader was told of. */
  readonly tag?: string;
}

export interface List {
  readonly kind: 'list';
  readonly at: Position;
  readonly items: readonly Tree[];
  readonly tag?: string;
}

export interface Mapping {
  readonly kind: 'map';
  readonly at: Position;
  /** In the order of the file. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly tag?: string;
}

export interface Entry {
  /** Where the key stands. */
  readonly at: Position;
  readonly value: Tree;
}

export type Path = readonly (string | number)[];

/** The value at the path, or undefined where nothing was written. */
export function find(tree: Tree, path: Path): Tree | undefined {
  let node: Tree | undefined = tree;
  for (const step of path) {
    if (node?.kind === 'map') node = node.entries.get(String(step))?.value;
    else if (node?.kind === 'list') node = node.items[Number(step)];
    else return undefined;
  }
  return node;
}

/**
 * Where the path was written, or its nearest written ancestor: a scalar at itself, a map or list at its key,
 * because its first child says less.
 */
export function locate(tree: Tree, path: Path): Position {
  let node = tree;
  let at = tree.at;
  for (const step of path) {
    if (node.kind === 'map') {
      const entry = node.entries.get(String(step));
      if (entry === undefined) return at;
      node = entry.value;
      at = node.kind === 'scalar' && node.text !== '' ? node.at : entry.at;
    } else if (node.kind === 'list') {
      const item: Tree | undefined = node.items[Number(step)];
      if (item === undefined) return at;
      node = item;
      at = item.at;
    } else return at;
  }
  return at;
}

/** Where the key of the path's last step stands. */
export function locateKey(tree: Tree, path: Path): Position {
  const parent = find(tree, path.slice(0, -1));
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.at ?? locate(tree, path);
}

/** The tree as plain values, for the schema. Numbers that look like text stay numbers here. */
export function toValue(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toValue);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, toValue(entry.value)]));
}

/** A map without some of its keys. */
export function withoutKeys(tree: Mapping, drop: (key: string) => boolean): Mapping {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !drop(key))) };
}
