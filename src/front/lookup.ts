/**
 * Host and path → value: compiled once, asked for every request. Immutable, pure.
 *
 *     exact host (a Map) ──miss──▶ wildcard (labels from the right, the longest suffix) ──▶ the longest path prefix
 *
 * The host is chosen first: a path that no route of it has is a miss, not a reason to look at a wildcard.
 */

export interface Entry<T> {
  /** Lower case, without a trailing dot; `*.` in front stands for one label or more. */
  readonly host: string;
  /** Starts with `/`; no slash at its end, unless it is the root. */
  readonly path: string;
  readonly value: T;
}

export interface Lookup<T> {
  /** @param path a request target: what follows a `?` does not count, `*` is the root */
  find(host: string, path: string): T | undefined;
  /** What stands first for the host, whichever path it has. */
  findHost(host: string): T | undefined;
}

/** Of two entries with one host and one path, the first counts. */
export function compileLookup<T>(entries: Iterable<Entry<T>>): Lookup<T> {
  const exact = new Map<string, Paths<T>>();
  const wildcards: Node<T> = { children: new Map() };
  for (const { host, path, value } of entries) {
    const known = host.startsWith('*.') ? findNode(wildcards, host.slice(2)).paths : exact.get(host);
    if (known !== undefined) addPath(known, path, value);
    else {
      const paths: Paths<T> = { first: value, root: undefined, prefixes: undefined, depth: 0 };
      addPath(paths, path, value);
      if (host.startsWith('*.')) findNode(wildcards, host.slice(2)).paths = paths;
      else exact.set(host, paths);
    }
  }
  const pathsOf = (host: string): Paths<T> | undefined => exact.get(host) ?? findWildcard(wildcards, host);
  return {
    find: (host, path) => {
      const paths = pathsOf(host);
      return paths && findPath(paths, path);
    },
    findHost: (host) => pathsOf(host)?.first,
  };
}

/** All paths of one host. */
interface Paths<T> {
  readonly first: T;
  root: T | undefined;
  prefixes: Map<string, T> | undefined;
  /** How many segments the longest prefix has. */
  depth: number;
}

function addPath<T>(paths: Paths<T>, path: string, value: T): void {
  if (path === '/') {
    paths.root ??= value;
    return;
  }
  paths.prefixes ??= new Map();
  if (!paths.prefixes.has(path)) {
    paths.prefixes.set(path, value);
    paths.depth = Math.max(paths.depth, path.split('/').length - 1);
  }
}

/** Asks for `/a`, then `/a/b` …: as often as the longest prefix has segments, however many prefixes there are. */
function findPath<T>({ root, prefixes, depth }: Paths<T>, path: string): T | undefined {
  if (prefixes === undefined) return root;
  const query = path.indexOf('?');
  const end = query === -1 ? path.length : query;
  let found = root;
  let at = 0;
  for (let segment = 0; segment < depth && at < end; segment += 1) {
    const slash = path.indexOf('/', at + 1);
    at = slash === -1 || slash > end ? end : slash;
    found = prefixes.get(path.slice(0, at)) ?? found;
  }
  return found;
}

/** A suffix of host names, label by label from the right. */
interface Node<T> {
  readonly children: Map<string, Node<T>>;
  /** Of `*.` in front of this suffix. */
  paths?: Paths<T>;
}

function findNode<T>(root: Node<T>, suffix: string): Node<T> {
  let node = root;
  for (const label of suffix.split('.').reverse()) {
    const next = node.children.get(label) ?? { children: new Map<string, Node<T>>() };
    node.children.set(label, next);
    node = next;
  }
  return node;
}

function findWildcard<T>(root: Node<T>, host: string): Paths<T> | undefined {
  if (root.children.size === 0) return undefined;
  let node: Node<T> | undefined = root;
  let found: Paths<T> | undefined;
  let end = host.length;
  // The last label that is looked at leaves none for the wildcard.
  for (let dot = host.lastIndexOf('.'); dot > 0; dot = host.lastIndexOf('.', dot - 1)) {
    node = node.children.get(host.slice(dot + 1, end));
    if (node === undefined) return found;
    found = node.paths ?? found;
    end = dot;
  }
  return found;
}
