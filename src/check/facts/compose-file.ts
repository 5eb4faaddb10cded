/**
 * A Compose file, read as it stands: nothing is interpolated, included or extended, so that neither Docker nor
 * the `.env` of this machine decides what `check` finds. What has a variable in it is not fixed, and left out.
 */
import type { Position } from '../../contract/diagnostic.ts';
import { find, type Mapping, type Tree } from '../../contract/tree.ts';
import { readYamlDocuments, type Source } from '../../contract/yaml.ts';

export interface ComposeFile {
  readonly file: string;
  readonly services: readonly ComposeService[];
  /** Volumes and networks with a name that ignores the project's. */
  readonly pinned: readonly PinnedName[];
}

export interface ComposeService {
  readonly name: string;
  readonly at: Position;
  /** Relative to the Compose file, where it builds an image. */
  readonly context?: string | undefined;
  readonly containerName?: PinnedName | undefined;
  /** Where `network_mode: host` is written. */
  readonly hostNetwork?: Position | undefined;
  readonly ports: readonly ComposePort[];
}

export interface PinnedName {
  readonly kind: 'container' | 'volume' | 'network';
  /** As it is called in the file. */
  readonly key: string;
  readonly name: string;
  readonly at: Position;
}

/** Of TCP only. */
export interface ComposePort {
  /** In the container. */
  readonly target: number;
  /** On this machine; absent where Compose chooses. */
  readonly published?: number | undefined;
  readonly at: Position;
}

/** Undefined for text that is no Compose file: to say so is Compose's business. */
export function readComposeFile(source: Source): ComposeFile | undefined {
  const { trees, diagnostics } = readYamlDocuments(source, { foreign: true });
  const filled = trees.filter((tree) => tree.kind !== 'scalar' || tree.value !== null);
  const maps = filled.flatMap((tree) => (tree.kind === 'map' ? [tree] : []));
  if (diagnostics.length > 0 || maps.length === 0 || maps.length < filled.length) return undefined;
  return {
    file: source.file,
    services: maps.flatMap((tree) =>
      entriesOf(tree, 'services').map(([name, value, at]) => readService(name, value, at)),
    ),
    pinned: maps.flatMap((tree) => [
      ...readPinned(tree, 'volumes', 'volume'),
      ...readPinned(tree, 'networks', 'network'),
    ]),
  };
}

function readService(name: string, value: Tree, at: Position): ComposeService {
  const build = find(value, ['build']);
  const container = find(value, ['container_name']);
  const network = find(value, ['network_mode']);
  const containerName = fixedText(container);
  const ports = find(value, ['ports']);
  return {
    name,
    at,
    context: fixedText(build?.kind === 'map' ? find(build, ['context']) : build),
    containerName:
      containerName === undefined || container === undefined
        ? undefined
        : { kind: 'container', key: name, name: containerName, at: container.at },
    hostNetwork: fixedText(network) === 'host' ? network?.at : undefined,
    ports: ports?.kind === 'list' ? ports.items.flatMap(readPort) : [],
  };
}

/** `external: true` belongs to somebody else, who may well call it as they like. */
function readPinned(tree: Mapping, section: string, kind: PinnedName['kind']): PinnedName[] {
  return entriesOf(tree, section).flatMap(([key, value]) => {
    const written = find(value, ['name']);
    const name = fixedText(written);
    const external = find(value, ['external']);
    const isExternal = external !== undefined && !(external.kind === 'scalar' && external.value === false);
    return name === undefined || written === undefined || isExternal
      ? []
      : [{ kind, key, name, at: written.at }];
  });
}

function readPort(tree: Tree): ComposePort[] {
  if (tree.kind === 'scalar') return readShortPort(tree.text, tree.at);
  const target = numberOf(find(tree, ['target']));
  const protocol = fixedText(find(tree, ['protocol'])) ?? 'tcp';
  if (target === undefined || protocol !== 'tcp') return [];
  return [{ target, published: numberOf(find(tree, ['published'])), at: tree.at }];
}

/** Longest span of ports that is taken apart. */
const MAX_SPAN = 1000;

/** `[HOST:]CONTAINER[/PROTOCOL]`, where `HOST` is `[IP:][PORT]` and ports may be spans. */
function readShortPort(text: string, at: Position): ComposePort[] {
  const match = /^(?:(?:\[[^\]]*\]:|[^:/]*:)?(?:([^:/]*):))?(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text.trim());
  const [, host, first, last, protocol = 'tcp'] = match ?? [];
  if (first === undefined || protocol !== 'tcp') return [];
  const count = Math.min(Number(last ?? first) - Number(first) + 1, MAX_SPAN);
  const published = /^(\d+)(?:-(\d+))?$/.exec(host ?? '');
  // Several host ports for one container port leave the choice to Compose.
  const isChoice = published?.[2] !== undefined && last === undefined;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => ({
    target: Number(first) + index,
    published: published === null || isChoice ? undefined : Number(published[1]) + index,
    at,
  }));
}

function entriesOf(tree: Mapping, section: string): [string, Tree, Position][] {
  const value = tree.entries.get(section)?.value;
  return value?.kind === 'map' ? [...value.entries].map(([key, entry]) => [key, entry.value, entry.at]) : [];
}

/** Text without variables. */
const fixedText = (tree: Tree | undefined): string | undefined =>
  tree?.kind === 'scalar' && tree.value !== null && !tree.text.includes('$') ? tree.text : undefined;

function numberOf(tree: Tree | undefined): number | undefined {
  const text = fixedText(tree);
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
