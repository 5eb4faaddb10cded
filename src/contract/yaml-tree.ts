import { isAlias, isMap, isScalar, isSeq, type Alias, type Document, type Node, type YAMLMap } from 'yaml';

import type { Diagnostic, Position } from './diagnostic.ts';
import type { Entry, Scalar, Tree } from './tree.ts';
import type { YamlResult } from './yaml.ts';

/**
 * Aliases of aliases grow exponentially ("billion laughs"): this many values are enough for ten thousand
 * services that share an anchor, and still read in a second.
 */
const MAX_EXPANDED = 500_000;

/** With aliases in it a tree can be deeper than its text. */
const MAX_DEPTH = 100;

interface Reader {
  readonly at: (offset: number) => Position;
  readonly diagnostics: Diagnostic[];
  readonly tags: readonly string[];
  /** What the anchors read so far stand for; undefined while one is being read, to find an alias inside it. */
  readonly anchors: Map<string, Tree | undefined>;
  /** Values and levels below a tree, itself included, with aliases written out. */
  readonly extent: WeakMap<Tree, { readonly size: number; readonly depth: number }>;
}

/** Builds the tree of a document without syntax errors. @param tags Those that it keeps. */
export function readDocument(
  document: Document.Parsed,
  at: (offset: number) => Position,
  tags: readonly string[] = [],
): YamlResult {
  const reader: Reader = { at, diagnostics: [], tags, anchors: new Map(), extent: new WeakMap() };
  if (document.contents === null) return { diagnostics: [] };
  const tree = readNode(reader, document.contents);
  const { size, depth } = reader.extent.get(tree) ?? { size: 0, depth: 0 };
  if (size > MAX_EXPANDED || depth > MAX_DEPTH) {
    report(
      reader,
      document.contents,
      'the aliases of this file expand to too much',
      'use fewer nested anchors',
    );
    return { diagnostics: reader.diagnostics };
  }
  return { tree, diagnostics: reader.diagnostics };
}

function readNode(reader: Reader, node: Node): Tree {
  if (isAlias(node)) return readAlias(reader, node);
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) reader.anchors.set(anchor, undefined);
  const content = readContent(reader, node);
  const { tag } = node;
  const tree = tag !== undefined && reader.tags.includes(tag) ? { ...content, tag } : content;
  measure(reader, tree);
  if (anchor !== undefined) reader.anchors.set(anchor, tree);
  return tree;
}

function readContent(reader: Reader, node: Node): Tree {
  const at = reader.at(node.range?.[0] ?? 0);
  if (isMap(node)) return { kind: 'map', at, entries: readEntries(reader, node) };
  if (isSeq(node)) {
    return { kind: 'list', at, items: node.items.map((item) => readChild(reader, item, at)) };
  }
  if (!isScalar(node)) return emptyAt(at);
  const { value } = node;
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return {
      kind: 'scalar',
      at,
      value,
      text: typeof value === 'string' ? value : (node.source ?? String(value)),
    };
  }
  report(reader, node, 'a value of this type has no place in a contract', 'quote this value');
  return emptyAt(at);
}

const readChild = (reader: Reader, child: unknown, at: Position): Tree =>
  isNode(child) ? readNode(reader, child) : emptyAt(at);

function readAlias(reader: Reader, alias: Alias): Tree {
  const tree = reader.anchors.get(alias.source);
  if (tree !== undefined) return tree;
  if (!reader.anchors.has(alias.source)) {
    report(
      reader,
      alias,
      `YAML reads *${alias.source} as an alias, and there is no anchor &${alias.source}`,
      `quote this value: "*${alias.source}"`,
    );
  } else {
    report(reader, alias, `the alias *${alias.source} stands inside what it repeats`, 'remove the alias');
  }
  // Text, as it was most likely meant, so that nothing else is wrong with it.
  const text: Scalar = {
    ...emptyAt(reader.at(alias.range?.[0] ?? 0)),
    value: `*${alias.source}`,
    text: alias.source,
  };
  measure(reader, text);
  return text;
}

function readEntries(reader: Reader, map: YAMLMap): Map<string, Entry> {
  const own = new Map<string, Entry>();
  const merged = new Map<string, Entry>();
  let isMerged = false;
  for (const { key, value } of map.items) {
    const name = readKey(reader, map, key);
    if (name === undefined || !isNode(key)) continue;
    const at = reader.at(key.range?.[0] ?? 0);
    const tree = readChild(reader, value, at);
    const first = own.get(name);
    if (isMergeKey(key)) {
      if (isMerged)
        report(reader, key, 'this map has two "<<"', 'merge several anchors with one: <<: [*a, *b]');
      isMerged = true;
      for (const [inherited, entry] of readMerge(reader, key, tree)) merged.set(inherited, entry);
    } else if (first !== undefined) {
      report(
        reader,
        key,
        `"${name}" is written twice in one map, first in line ${first.at.line}`,
        'keep one of them',
      );
    } else own.set(name, { at, value: tree });
  }
  return isMerged ? new Map([...merged, ...own]) : own;
}

/** `<<: *a` or `<<: [*a, *b]`, where the earlier one wins (https://yaml.org/type/merge.html). */
function readMerge(reader: Reader, key: Node, tree: Tree): Map<string, Entry> {
  const sources = tree.kind === 'list' ? tree.items : [tree];
  const merged = new Map<string, Entry>();
  for (const source of sources.toReversed()) {
    if (source.kind === 'map') for (const [name, entry] of source.entries) merged.set(name, entry);
    else
      report(
        reader,
        key,
        '"<<" merges maps, and this is none',
        'write <<: *anchor, where the anchor is on a map',
      );
  }
  return merged;
}

function readKey(reader: Reader, map: YAMLMap, key: unknown): string | undefined {
  if (isScalar(key)) {
    const name = typeof key.value === 'string' ? key.value : key.source;
    if (name !== undefined && name !== '' && key.value !== null && name !== '__proto__') return name;
  }
  report(reader, isNode(key) ? key : map, 'this cannot be a key', 'a key is a plain word, followed by ":"');
  return undefined;
}

const isMergeKey = (key: Node): boolean => isScalar(key) && key.type === 'PLAIN' && key.source === '<<';

function measure(reader: Reader, tree: Tree): void {
  if (reader.extent.has(tree)) return;
  let size = 1;
  let depth = 0;
  for (const child of childrenOf(tree)) {
    const below = reader.extent.get(child);
    size += below?.size ?? 1;
    depth = Math.max(depth, below?.depth ?? 0);
  }
  reader.extent.set(tree, { size, depth: depth + 1 });
}

function childrenOf(tree: Tree): readonly Tree[] {
  if (tree.kind === 'list') return tree.items;
  return tree.kind === 'map' ? [...tree.entries.values()].map((entry) => entry.value) : [];
}

const isNode = (value: unknown): value is Node =>
  isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);

const emptyAt = (at: Position): Scalar => ({ kind: 'scalar', at, value: null, text: '' });

function report(reader: Reader, node: Node, message: string, hint: string): void {
  reader.diagnostics.push({
    code: 'PR001',
    severity: 'error',
    message,
    hint,
    ...reader.at(node.range?.[0] ?? 0),
  });
}
