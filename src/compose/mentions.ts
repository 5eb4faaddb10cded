/** The files that a Compose file names, beside those of its images and of what is mounted. Pure. */
import { dirname, join, resolve } from 'node:path';

import { find, type Tree } from '../contract/tree.ts';
import { interpolate, type Variables } from './interpolate.ts';

/** A Compose file that another one brings in. */
export interface Brought {
  /** Absolute. */
  readonly file: string;
  /** What its own paths are relative to. */
  readonly directory: string;
}

export interface Mentions {
  /** By `include` and `extends`: what they name counts too. */
  readonly files: readonly Brought[];
  /** By `env_file`, `configs` and `secrets`, and the env files of an `include`. Absolute. */
  readonly others: readonly string[];
}

/** @param directory What relative paths are relative to. @param variables Those that paths may hold. */
export function findMentions(tree: Tree, directory: string, variables: Variables): Mentions {
  const found = texts(variables);
  const include = listOf(find(tree, ['include'])).map((item) => findIncluded(item, directory, found));
  const services = valuesOf(find(tree, ['services']));
  const bases = services.flatMap((service) => found(find(service, ['extends', 'file'])));
  const envFiles = services.flatMap((service) =>
    listOf(find(service, ['env_file'])).flatMap((item) => found(find(item, ['path']) ?? item)),
  );
  const contents = ['configs', 'secrets'].flatMap((section) =>
    valuesOf(find(tree, [section])).flatMap((value) => found(find(value, ['file']))),
  );
  return {
    files: [
      ...include.flatMap(({ files }) => files),
      // The paths in a file that is extended are relative to that file.
      ...bases.map((base) => resolve(directory, base)).map((file) => ({ file, directory: dirname(file) })),
    ],
    others: [
      ...include.flatMap(({ others }) => others),
      ...[...envFiles, ...contents].map((path) => resolve(directory, path)),
    ],
  };
}

/** Several paths of one entry are one project: the first says where it lies, unless the entry does. */
function findIncluded(item: Tree, directory: string, found: Texts): Mentions {
  const paths = listOf(find(item, ['path']) ?? item)
    .flatMap(found)
    .filter(isLocal);
  const [first] = paths;
  const [own] = found(find(item, ['project_directory']));
  if (first === undefined) return { files: [], others: [] };
  const base = own === undefined ? dirname(resolve(directory, first)) : resolve(directory, own);
  const envFiles = listOf(find(item, ['env_file'])).flatMap(found);
  return {
    files: paths.map((path) => ({ file: resolve(directory, path), directory: base })),
    others: envFiles.length > 0 ? envFiles.map((path) => resolve(directory, path)) : [join(base, '.env')],
  };
}

/** Not fetched from elsewhere: a Git address or an artifact. */
const isLocal = (path: string): boolean => !/^[a-z][a-z0-9+.-]*:|^git@/i.test(path);

type Texts = (tree: Tree | undefined) => string[];

/** What stands there, with its variables expanded; nothing where that cannot be. */
const texts =
  (variables: Variables): Texts =>
  (tree) => {
    if (tree?.kind !== 'scalar' || typeof tree.value !== 'string') return [];
    const expanded = interpolate(tree.value, variables);
    return 'value' in expanded && expanded.value !== '' ? [expanded.value.replaceAll('$$', '$')] : [];
  };

/** One may stand for a list of one. */
const listOf = (tree: Tree | undefined): readonly Tree[] =>
  tree === undefined ? [] : tree.kind === 'list' ? tree.items : [tree];

const valuesOf = (tree: Tree | undefined): Tree[] =>
  tree?.kind === 'map' ? [...tree.entries.values()].map(({ value }) => value) : [];
