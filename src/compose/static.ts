/**
 * Reads Compose files where no Compose is at hand to resolve them. What it cannot resolve (`include`, `extends`,
 * `!override`, nested variables) is an error that names the place: a guess would publish the wrong ports. Pure.
 */
import { sortDiagnostics, type Diagnostic, type Position } from '../contract/diagnostic.ts';
import { find, locate, type Mapping, type Tree } from '../contract/tree.ts';
import { readYaml, type Source } from '../contract/yaml.ts';
import { interpolate, type Variables } from './interpolate.ts';
import { parseProject, type ComposePort, type ComposeProject } from './model.ts';
import { parseShortPort } from './short-ports.ts';

export interface StaticResult {
  /** Absent when a diagnostic is an error. */
  readonly project?: ComposeProject;
  readonly diagnostics: readonly Diagnostic[];
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

type Json = { [key: string]: unknown };

export function readStatically(inputs: StaticInputs): StaticResult {
  const { sources, variables, name, isForced = false } = inputs;
  const diagnostics: Diagnostic[] = [];
  const report = (at: Position, message: string): void => {
    diagnostics.push({ code: 'PR022', severity: 'error', message, hint: HINT, ...at });
  };
  const trees: Mapping[] = [];
  let merged: Json = { name };
  for (const source of sources) {
    const { tree, diagnostics: syntax } = readYaml(source);
    diagnostics.push(...syntax.map((each) => ({ ...each, hint: HINT })));
    if (tree === undefined) continue;
    const reader: Reader = { report, variables };
    if (tree.kind !== 'map') report(tree.at, 'this is not a Compose file: it holds no map');
    else {
      trees.push(tree);
      merged = merge(merged, readFile(reader, tree));
    }
  }
  if (diagnostics.length > 0) return { diagnostics: sortDiagnostics(diagnostics) };
  const named = isForced ? { ...merged, name } : merged;
  const { project, misfit } = parseProject(normalize(named));
  if (project !== undefined) return { project, diagnostics };
  const place = trees.map((tree) => locate(tree, misfit.path)).at(-1) ?? NOWHERE;
  report(place, `${misfit.path.join('.')}: ${misfit.message}`);
  return { diagnostics };
}

const NOWHERE: Position = { file: 'compose.yaml', line: 1, column: 1 };

const HINT =
  'install Docker Compose 2.24.4 or newer, which portramp asks instead of reading the files itself';

interface Reader {
  readonly report: (at: Position, message: string) => void;
  readonly variables: Variables;
}

function readFile(reader: Reader, file: Mapping): Json {
  const include = file.entries.get('include');
  if (include !== undefined) reader.report(include.at, '"include" needs Compose itself');
  const services = find(file, ['services']);
  const json: Json = {};
  const name = find(file, ['name']);
  if (name !== undefined) json['name'] = plain(reader, name);
  for (const section of ['volumes', 'networks', 'x-portramp']) {
    const tree = find(file, [section]);
    if (tree !== undefined) json[section] = plain(reader, tree);
  }
  if (services?.kind === 'map') {
    json['services'] = Object.fromEntries(
      [...services.entries].map(([key, { value }]) => [key, readService(reader, value)]),
    );
  }
  return json;
}

/** The fields that the model knows. */
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
  'external_links',
  'profiles',
  'scale',
  'deploy',
  'depends_on',
  'healthcheck',
  'environment',
  'extra_hosts',
];

function readService(reader: Reader, service: Tree): Json {
  if (service.kind !== 'map') {
    reader.report(service.at, 'a service is a map');
    return {};
  }
  const inherited = service.entries.get('extends');
  if (inherited !== undefined) reader.report(inherited.at, '"extends" needs Compose itself');
  const json: Json = {};
  for (const field of FIELDS) {
    const value = service.entries.get(field)?.value;
    if (value !== undefined) json[field] = canonical(field, plain(reader, value));
  }
  const ports = service.entries.get('ports')?.value;
  if (ports?.kind === 'list') json['ports'] = ports.items.flatMap((item) => readPort(reader, item));
  return json;
}

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
      if ('value' in expanded) return expanded.value;
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

const fromList = (names: readonly unknown[], value: () => unknown): Json =>
  Object.fromEntries(names.map((name) => [String(name), value()]));

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

/** Maps merge, lists grow, everything else is replaced. */
function merge(base: Json, over: Json): Json {
  const merged: Json = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const known = base[key];
    if (isMap(known) && isMap(value)) merged[key] = merge(known, value);
    else if (Array.isArray(known) && Array.isArray(value)) merged[key] = unique([...known, ...value]);
    else if (value !== null || known === undefined) merged[key] = value;
  }
  return merged;
}

/** Of two ports that differ in nothing but their names, the later one counts. */
const unique = (items: readonly unknown[]): unknown[] => [
  ...new Map(items.map((item) => [identityOf(item), item])).values(),
];

function identityOf(item: unknown): string {
  if (!isMap(item) || item['target'] === undefined) return JSON.stringify(item);
  const { host_ip: ip = '', published = '', target, protocol } = item;
  return [ip, published, target, protocol].map(String).join(' ');
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Default network, names made from the project's, and nothing that no service uses: as `config` does. */
function normalize(json: Json): Json {
  const services = isMap(json['services']) ? json['services'] : {};
  for (const service of Object.values(services).filter(isMap)) {
    service['depends_on'] = { ...impliedDependencies(service), ...Object(service['depends_on']) };
    if (service['network_mode'] === undefined) service['networks'] ??= { default: null };
    if (isMap(service['networks']) && Object.keys(service['networks']).length === 0) {
      service['networks'] = { default: null };
    }
  }
  const used = Object.values(services).filter(isMap);
  const networks = new Set(used.flatMap((service) => Object.keys(Object(service['networks']))));
  const volumes = new Set(used.flatMap(volumesOf));
  return {
    ...json,
    services,
    networks: nameResources(json, 'networks', networks),
    volumes: nameResources(json, 'volumes', volumes),
  };
}

/** Who shares something of another service needs it. */
function impliedDependencies(service: Json): Json {
  const shared = ['network_mode', 'pid', 'ipc'].map((field) => String(service[field]));
  const owners = shared.flatMap((text) =>
    text.startsWith('service:') ? [text.slice('service:'.length)] : [],
  );
  const sources = Array.isArray(service['volumes_from']) ? service['volumes_from'].map(String) : [];
  const mounted = sources
    .filter((text) => !text.startsWith('container:'))
    .map((text) => text.replace(/:.*/, ''));
  return fromList([...owners, ...mounted], () => ({}));
}

const volumesOf = (service: Json): string[] =>
  (Array.isArray(service['volumes']) ? service['volumes'] : []).flatMap((volume) => {
    if (isMap(volume)) return volume['type'] === 'volume' ? [String(volume['source'])] : [];
    const [source, target] = String(volume).split(':');
    return target !== undefined && /^[\w][\w.-]+$/.test(source ?? '') ? [String(source)] : [];
  });

function nameResources(json: Json, section: string, used: ReadonlySet<string>): Json {
  const declared = isMap(json[section]) ? json[section] : {};
  return Object.fromEntries(
    [...used].map((key) => {
      const resource = isMap(declared[key]) ? declared[key] : {};
      const external = resource['external'];
      const fallback = external === true ? key : `${String(json['name'])}_${key}`;
      const name = isMap(external) ? (external['name'] ?? key) : (resource['name'] ?? fallback);
      return [key, { ...resource, name, external: external === true || isMap(external) }];
    }),
  );
}
