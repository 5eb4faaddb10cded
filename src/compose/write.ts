/** An override as the text of a Compose file. Compose's own tags: `!override` replaces a list, `!reset` removes a value. */
import { Document, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml';

import type { ComposePort } from './model.ts';
import type { AttachmentOverride, NetworkOverride, Override, ServiceOverride } from './override.ts';

/** @param heading Lines of a comment at the top. */
export function writeOverride(override: Override, heading: readonly string[] = []): string {
  const document = new Document();
  document.commentBefore = heading.map((line) => ` ${line}`).join('\n');
  document.contents = map([
    ['name', override.name === undefined ? undefined : text(override.name)],
    // Compose refuses a file without any known key.
    [
      'services',
      map([
        ...[...override.omitted].map((name): [string, Node] => [name, reset()]),
        ...[...override.services].map(([name, service]): [string, Node] => [name, writeService(service)]),
      ]),
    ],
    ['volumes', section(override.volumes, writeResource)],
    ['networks', section(override.networks, writeResource)],
  ]) as never;
  return document.toString({ lineWidth: 0 });
}

function writeService(service: ServiceOverride): YAMLMap {
  return map([
    ['container_name', service.resetContainerName && reset()],
    [
      'depends_on',
      service.resetDependencies && map(service.resetDependencies.map((name) => [name, reset()])),
    ],
    ['network_mode', service.networkMode === undefined ? undefined : text(service.networkMode)],
    ['pid', service.pid === undefined ? undefined : text(service.pid)],
    ['ipc', service.ipc === undefined ? undefined : text(service.ipc)],
    ['ports', service.ports && replacing(list(service.ports.map(writePort)))],
    ['networks', section(service.networks, writeAttachment)],
    ['extra_hosts', service.extraHosts && list(service.extraHosts.map(literal))],
    ['environment', section(entriesOf(service.environment), literal)],
  ]);
}

function writePort(port: ComposePort): YAMLMap {
  const entry = map([
    ['name', port.name === undefined ? undefined : text(port.name)],
    ['target', new Scalar(port.target)],
    ['published', port.published === undefined ? undefined : text(port.published)],
    ['host_ip', port.hostIp === undefined ? undefined : text(port.hostIp)],
    ['protocol', text(port.protocol)],
    ['app_protocol', port.appProtocol === undefined ? undefined : text(port.appProtocol)],
    ['mode', port.mode === undefined ? undefined : text(port.mode)],
  ]);
  entry.flow = true;
  return entry;
}

const writeAttachment = ({ aliases, resetAddresses }: AttachmentOverride): YAMLMap =>
  map([
    ['aliases', aliases && list(aliases.map(text))],
    ['ipv4_address', resetAddresses && reset()],
    ['ipv6_address', resetAddresses && reset()],
  ]);

const writeResource = ({ resetName, name, resetSubnets }: NetworkOverride): YAMLMap =>
  map([
    ['name', resetName ? reset() : name === undefined ? undefined : text(name)],
    ['ipam', resetSubnets && reset()],
  ]);

const entriesOf = (record: Readonly<Record<string, string>> | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries(record ?? {}));

function section<Value>(
  values: ReadonlyMap<string, Value> | undefined,
  write: (value: Value) => Node,
): YAMLMap | undefined {
  if (values === undefined || values.size === 0) return undefined;
  return map([...values].map(([name, value]) => [name, write(value)]));
}

/** Entries without a value are left out. */
function map(entries: readonly (readonly [string, Node | undefined])[]): YAMLMap {
  const node = new YAMLMap();
  for (const [key, value] of entries) if (value !== undefined) node.items.push(new Pair(keyNode(key), value));
  if (node.items.length === 0) node.flow = true;
  return node;
}

function list(items: readonly Node[]): YAMLSeq {
  const node = new YAMLSeq();
  node.items.push(...items);
  return node;
}

/** A word that every version of YAML reads as text needs no quotes. */
const PLAIN = /^(?!(?:y|n|yes|no|on|off|true|false|null|inf|nan)$)[a-z][\w-]*$/i;

function keyNode(key: string): Scalar {
  const node = new Scalar(key);
  node.type = PLAIN.test(key) ? 'PLAIN' : 'QUOTE_DOUBLE';
  return node;
}

/** Compose expands variables in every value: `$$` is a dollar sign. What was read from a project has that already. */
const literal = (value: string): Scalar => text(value.replaceAll('$', '$$$$'));

function text(value: string): Scalar {
  const node = new Scalar(value);
  node.type = PLAIN.test(value) || /^127\.0\.0\.1$/.test(value) ? 'PLAIN' : 'QUOTE_DOUBLE';
  return node;
}

function reset(): Scalar {
  const node = new Scalar(null);
  node.tag = '!reset';
  return node;
}

function replacing<T extends Node>(node: T): T {
  node.tag = '!override';
  return node;
}
