/** `!reset` and `!override` of Compose (compose-spec, 13-merge): a value of an earlier file is dropped, not merged. Pure. */
import type { Entry, Mapping, Tree } from '../contract/tree.ts';
import type { Json } from './static-merge.ts';

export const TAGS = ['!reset', '!override'] as const;

/** Finds the places under keys whose earlier value does not count. */
export function findReplaced(tree: Tree, path: readonly string[] = []): (readonly string[])[] {
  if (tree.tag !== undefined) return [path];
  if (tree.kind !== 'map') return [];
  return [...tree.entries].flatMap(([key, { value }]) => findReplaced(value, [...path, key]));
}

/** Finds what is tagged within a list: which item of an earlier file is meant, only Compose knows. */
export function findInLists(tree: Tree, isInList = false): Tree[] {
  if (tree.tag !== undefined && isInList) return [tree];
  if (tree.kind === 'list') return tree.items.flatMap((item) => findInLists(item, true));
  return tree.kind === 'map'
    ? [...tree.entries.values()].flatMap(({ value }) => findInLists(value, isInList))
    : [];
}

/** Leaves out what is reset: its value is of no account. */
export function withoutReset(tree: Mapping): Mapping {
  const entries = [...tree.entries].flatMap(([key, entry]): [string, Entry][] => {
    const { value } = entry;
    if (value.tag === '!reset') return [];
    return [[key, value.kind === 'map' ? { ...entry, value: withoutReset(value) } : entry]];
  });
  return { ...tree, entries: new Map(entries) };
}

/** Leaves out the values at the paths. */
export function without(json: Json, paths: readonly (readonly string[])[]): Json {
  return paths.reduce(drop, json);
}

function drop(json: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined || !Object.hasOwn(json, key)) return json;
  const { [key]: value, ...others } = json;
  if (rest.length === 0) return others;
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap ? { ...json, [key]: drop(value as Json, rest) } : json;
}
