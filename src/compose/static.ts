/**
 * Reads Compose files where no Compose is at hand to resolve them. What it cannot resolve (`include`, `extends`, a tag
 * within a list) is an error that names the place: a guess would publish the wrong ports. Pure.
 */
import { sortDiagnostics, type Diagnostic, type Position } from '../contract/diagnostic.ts';
import { find, locate, type Mapping, type Path, type Tree } from '../contract/tree.ts';
import { readYamlDocuments, type Source } from '../contract/yaml.ts';
import { interpolate, type Variables } from './interpolate.ts';
import { parseProject, type ComposePort, type ComposeProject } from './model.ts';
import { parseShortPort } from './short-ports.ts';
import { fromList, merge, normalize, type Json } from './static-merge.ts';
import { findInvalid } from './static-rules.ts';
import { TAGS, findInLists, findReplaced, without, withoutReset } from './static-tags.ts';

export interface StaticResult {
  /** Absent when there are diagnostics. */
  readonly project?: ComposeProject;
  readonly diagnostics: readonly Diagnostic[];
  /** Whether all that the diagnostics say is that only Compose itself could read it. */
  readonly isBeyond: boolean;
  /** Ports and names that hold a variable which is not set: what they are is a matter of the machine. */
  readonly doubts: readonly Doubt[];
}

export interface Doubt {
  readonly at: Position;
  /** As written. */
  readonly text: string;
  readonly variables: readonly string[];
}

export interface StaticInputs {
  /** In the order of `-f`: later ones are merged over earlier ones. */
  readonly sources: readonly Source[];
  /** The shell's over those of `.env`. */
  readonly variables: Variables;
  /** What the project is called where no file says it, or, if it is forced, whatever they say. */
  readonly name: string;
  readonly isForced?: boolean;
}

export function readStatically(inputs: StaticInputs): StaticResult {
  const { sources, variables, name, isForced = false } = inputs;
  const diagnostics: Diagnostic[] = [];
  let beyond = 0;
  const fail = (at: Position, message: string, hint: string): void => {
    diagnostics.push({ code: 'PR022', severity: 'error', message, hint, ...at });
  };
  const report = (at: Position, message: string): void => {
    beyond += 1;
    fail(at, message, HINT);
  };
  const reader: Reader = { report, variables, doubts: [] };
  const trees: Mapping[] = [];
  let merged: Json = { name };
  for (const source of sources) {
    const { trees: documents, diagnostics: syntax } = readYamlDocuments(source, { tags: TAGS });
    diagnostics.push(...syntax.map((each) => ({ ...each, hint: HINT })));
    // Compose merges the documents of one file like several files.
    for (const tree of documents) {
      if (tree.kind === 'scalar' && tree.value === null) continue;
      if (tree.kind !== 'map') fail(tree.at, 'this is not a Compose file: it holds no map', HINT);
      else {
        trees.push(tree);
        for (const { at, tag = '' } of findInLists(tree))
          report(at, `"${tag}" within a list needs Compose itself`);
        merged = merge(without(merged, findReplaced(tree)), readFile(reader, withoutReset(tree)));
      }
    }
  }
  const end = (project?: ComposeProject): StaticResult => ({
    ...(project === undefined ? {} : { project }),
    diagnostics: sortDiagnostics(diagnostics),
    isBeyond: beyond > 0 && beyond === diagnostics.length,
    doubts: reader.doubts,
  });
  if (diagnostics.length > 0) return end();
  const place = (path: Path): Position =>
    locate(trees.findLast((tree) => find(tree, path) !== undefined) ?? trees.at(-1) ?? EMPTY, path);
  const normal = normalize(isForced ? { ...merged, name } : merged);
  for (const { path, message } of findInvalid(normal, merged)) fail(place(path), message, REFUSED);
  if (diagnostics.length > 0) return end();
  const { project, misfit } = parseProject(normal);
  if (misfit !== undefined) report(place(misfit.path), `${misfit.path.join('.')}: ${misfit.message}`);
  return end(project);
}

const EMPTY: Mapping = { kind: 'map', at: { file: 'compose.yaml', line: 1, column: 1 }, entries: new Map() };

const REFUSED = 'Compose refuses it too: see "docker compose config"';

const HINT =
  'install Docker Compose 2.24.4 or newer, which portramp asks instead of reading the files itself';

interface Reader {
  readonly report: (at: Position, message: string) => void;
  readonly variables: Variables;
  readonly doubts: Doubt[];
  /** Whether a variable that is not set raises a doubt. */
  readonly raisesDoubts?: boolean;
}

/** Top-level sections beside the services, as they are. */
const SECTIONS = ['volumes', 'networks', 'secrets', 'configs', 'x-portramp'];

function readFile(reader: Reader, file: Mapping): Json {
  const include = file.entries.get('include');
  if (include !== undefined) reader.report(include.at, '"include" needs Compose itself');
  const services = find(file, ['services']);
  const json: Json = {};
  for (const [key, { value }] of file.entries) {
    if (key === 'name') json[key] = plain(reader, value);
    else if (SECTIONS.includes(key)) json[key] = plain(doubting(reader), value);
    // Only that it is there: what it says is of no account here.
    else if (key !== 'services') json[key] = null;
  }
  if (services?.kind === 'map') {
    json['services'] = Object.fromEntries(
      [...services.entries].map(([key, { value }]) => [key, readService(reader, value)]),
    );
  }
  return json;
}

/** The fields that are read; of all others only that they are there. */
const FIELDS = [
  'image',
  'expose',
  'container_name',
  'network_mode',
  'pid',
  'ipc',
  'networks',
  'volumes',
  'volumes_from',
  'links',
  'external_links',
  'profiles',
  'scale',
  'deploy',
  'depends_on',
  'healthcheck',
  'environment',
  'extra_hosts',
  'secrets',
  'configs',
];

/** Fields in which two stacks can meet. */
const MEETING = ['container_name', 'network_mode'];

function readService(reader: Reader, service: Tree): Json {
  if (service.kind !== 'map') {
    reader.report(service.at, 'a service is a map');
    return {};
  }
  const inherited = service.entries.get('extends');
  if (inherited !== undefined) reader.report(inherited.at, '"extends" needs Compose itself');
  const json: Json = {};
  for (const [field, { value }] of service.entries) {
    const own = MEETING.includes(field) ? doubting(reader) : reader;
    if (field === 'build') json[field] = readBuild(own, value);
    else if (FIELDS.includes(field)) json[field] = canonical(field, plain(own, value));
    else if (field !== 'ports') json[field] = null;
    else if (value.kind === 'list')
      json['ports'] = value.items.flatMap((item) => readPort(doubting(reader), item));
  }
  return json;
}

/** Of how an image is built only from what else: the rest is Compose's own. */
function readBuild(reader: Reader, build: Tree): Json | null {
  const contexts = build.kind === 'map' ? build.entries.get('additional_contexts') : undefined;
  return contexts === undefined ? null : { additional_contexts: plain(reader, contexts.value) };
}

const doubting = (reader: Reader): Reader => ({ ...reader, raisesDoubts: true });

function readPort(reader: Reader, item: Tree): Json[] {
  if (item.kind === 'map') {
    const port = plain(reader, item) as Json;
    return [{ mode: 'ingress', protocol: 'tcp', ...port, target: Number(port['target']) }];
  }
  const text = item.kind === 'scalar' ? String(plain(reader, item)) : '';
  const ports = parseShortPort(text);
  if (ports === undefined) reader.report(item.at, `"${text}" is not a port`);
  return (ports ?? []).map(toJson);
}

const toJson = ({ hostIp, appProtocol, ...rest }: ComposePort): Json => ({
  ...rest,
  ...(hostIp === undefined ? {} : { host_ip: hostIp }),
  ...(appProtocol === undefined ? {} : { app_protocol: appProtocol }),
});

/** The tree as plain data, variables expanded. */
function plain(reader: Reader, tree: Tree): unknown {
  switch (tree.kind) {
    case 'list':
      return tree.items.map((item) => plain(reader, item));
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, plain(reader, value)]));
    case 'scalar': {
      if (typeof tree.value !== 'string') return tree.value;
      const expanded = interpolate(tree.value, reader.variables);
      if ('value' in expanded) {
        const { value, unset } = expanded;
        if (unset !== undefined && reader.raisesDoubts)
          reader.doubts.push({ at: tree.at, text: tree.text, variables: unset });
        return value;
      }
      reader.report(tree.at, expanded.problem);
      return '';
    }
  }
}

/** One form for what may be written as a list or as a map. */
function canonical(field: string, value: unknown): unknown {
  switch (field) {
    case 'networks':
      return Array.isArray(value) ? fromList(value, () => null) : value;
    case 'depends_on':
      return Array.isArray(value) ? fromList(value, () => ({})) : value;
    case 'environment':
      return Array.isArray(value) ? Object.fromEntries(value.map(splitVariable)) : asText(value);
    case 'extra_hosts':
      return Array.isArray(value)
        ? value.map((entry) => String(entry).replace(/^([^=:]+):/, '$1='))
        : Object.entries(Object(value)).map(([name, address]) => `${name}=${String(address)}`);
    default:
      return value;
  }
}

function splitVariable(entry: unknown): [string, string | null] {
  const [name = '', ...value] = String(entry).split('=');
  return [name, value.length === 0 ? null : value.join('=')];
}

const asText = (value: unknown): unknown =>
  Object.fromEntries(
    Object.entries(Object(value) as Json).map(([key, each]) => [key, isScalar(each) ? String(each) : null]),
  );

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
