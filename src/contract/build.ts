/** From checked fields to the contract: one form for everything, defaults filled in. */
import { posix } from 'node:path';

import {
  DEFAULT_ENVIRONMENT,
  type ComposeService,
  type ComposeSettings,
  type Consumption,
  type Contract,
  type Access,
  type EnvFile,
  type ExternalService,
  type ProcessService,
  type Service,
  type TaskService,
} from './contract.ts';
import { DEFAULT_RANGE } from '../lib/port-range.ts';
import { buildReadiness, buildRestart, buildStop, buildTransition, milliseconds } from './build-policies.ts';
import { parseExternal } from './external.ts';
import { portsOf } from './ports.ts';
import { buildRange } from './ranges.ts';
import type { ContractFields } from './schema.ts';
import type { EnvFileFields, ServiceFields } from './schema-service.ts';
import { find, locate, toValue, type Mapping, type Path } from './tree.ts';

type Defaults = NonNullable<ContractFields['defaults']>;

export interface Environment {
  readonly name: string;
  /** Every environment that the contract knows. */
  readonly all: readonly string[];
}

/** `fields` were read from `tree` and found to be right. */
export function buildContract(fields: ContractFields, tree: Mapping, environment: Environment): Contract {
  const services = new Map<string, Service>();
  const written = find(tree, ['services']);
  // The order of the file: an object would put names made of digits first.
  const names = written?.kind === 'map' ? written.entries.keys() : [];
  for (const name of names) {
    const service = Object.hasOwn(fields.services, name) ? fields.services[name] : undefined;
    if (service !== undefined) services.set(name, buildService(name, service, fields.defaults ?? {}, tree));
  }
  const ranges = new Map(
    Object.entries(fields.ranges ?? {}).map(([name, range]) => [name, buildRange(range)]),
  );
  return {
    workspace: fields.workspace,
    environment: environment.name,
    environments: environment.all,
    groups: fields.groups ?? {},
    compose: buildCompose(fields),
    discovery: {
      aspire: fields.discovery?.aspire ?? false,
      kubernetes: fields.discovery?.kubernetes ?? false,
    },
    range: ranges.get(environment.name) ?? ranges.get(DEFAULT_ENVIRONMENT) ?? DEFAULT_RANGE,
    ranges,
    reservations: fields.reservations ?? [],
    severities: fields.check?.severity ?? {},
    services,
    locate: (path) => locate(tree, whereWritten(tree, path)),
    written: (path) => {
      const found = find(tree, whereWritten(tree, path));
      return found === undefined ? undefined : toValue(found);
    },
  };
}

function buildService(name: string, fields: ServiceFields, defaults: Defaults, tree: Mapping): Service {
  if (fields.external !== undefined) return buildExternal(name, fields, fields.external);
  const shared = {
    name,
    dir: normalize(fields.dir ?? defaults.dir ?? '.'),
    command: fields.command ?? [],
    envFiles: [
      ...buildEnvFiles(defaults.envFile, '.', ['defaults', 'envFile']),
      ...buildEnvFiles(fields.envFile, fields.dir ?? defaults.dir ?? '.', ['services', name, 'envFile']),
    ],
    env: {
      ...asWritten(defaults.env, tree, ['defaults', 'env']),
      ...asWritten(fields.env, tree, ['services', name, 'env']),
    },
    consumes: (fields.consumes ?? []).map(buildConsumption),
    url: fields.url,
    ports: portsOf(name, fields),
    start: fields.start ?? 'auto',
    stop: buildStop(fields, defaults),
    resolve: fields.resolve ?? defaults.resolve ?? 'portramp',
    renamedFrom: fields.renamedFrom,
  } as const;
  if (fields.compose !== undefined) {
    const { compose } = fields;
    const access = buildAccess(fields);
    const ready = buildReadiness(fields, defaults);
    const { scope = 'stack', cleanup } = fields;
    return {
      ...shared,
      kind: 'compose',
      compose,
      ready,
      access,
      listed: true,
      scope,
      cleanup,
    } satisfies ComposeService;
  }
  if (fields.kind === 'task') {
    return {
      ...shared,
      kind: 'task',
      run: fields.run ?? 'always',
      inputs: fields.inputs ?? [],
    } satisfies TaskService;
  }
  return {
    ...shared,
    kind: 'process',
    ready: buildReadiness(fields, defaults),
    restart: buildRestart(fields, defaults),
    access: buildAccess(fields),
    transition: buildTransition(fields),
    replicas: fields.replicas ?? 1,
    ...(fields.replicas === undefined ? {} : { replicasWritten: true }),
    watch: fields.watch ?? [],
    idle: milliseconds(fields.idle),
  } satisfies ProcessService;
}

function buildAccess({ access }: ServiceFields): Access | undefined {
  if (access === undefined || access === '*') return access && { browser: 'any' };
  const { from, browser } = access;
  if (browser === undefined || browser === 'any') return { from, browser };
  return { from, browser: browser.origins, formPosts: browser.formPosts };
}

/** A service that names a Compose service is enough to have a project. */
function buildCompose({ compose, services }: ContractFields): ComposeSettings | undefined {
  const isUsed = Object.values(services).some((service) => service.compose !== undefined);
  if (compose === undefined && !isUsed) return undefined;
  const files = compose?.file ?? [];
  return {
    files: typeof files === 'string' ? [files] : files,
    include: compose?.include ?? 'all',
    share: compose?.share ?? [],
  };
}

function buildExternal(name: string, fields: ServiceFields, address: string): ExternalService {
  const target = parseExternal(address) ?? { protocol: 'tcp', host: address, port: 0 };
  const ports = portsOf(name, fields);
  const protocol = ports[0]?.appProtocol ?? target.protocol;
  // `host:port` is http where the port says so.
  const spoken = protocol === 'https' || protocol === 'tcp' ? protocol : 'http';
  const { url, renamedFrom } = fields;
  const access = buildAccess(fields);
  const { ca, verify = true, serverName } = fields.tls ?? {};
  return {
    kind: 'external',
    name,
    target: { ...target, protocol: spoken },
    tls: fields.tls && { ca: ca && normalize(ca), verify, serverName },
    url,
    ports,
    access,
    renamedFrom,
  };
}

function buildConsumption(entry: NonNullable<ServiceFields['consumes']>[number]): Consumption {
  if (typeof entry === 'string') return { service: entry, optional: false };
  return {
    service: entry.service,
    port: entry.port,
    optional: entry.optional ?? false,
    condition: entry.condition,
  };
}

function buildEnvFiles(entries: EnvFileFields | undefined, folder: string, place: Path): EnvFile[] {
  const list = entries === undefined ? [] : Array.isArray(entries) ? entries : [entries];
  return list.map((entry, index) => {
    const { path, optional = false } = typeof entry === 'string' ? { path: entry } : entry;
    const fromRoot = posix.isAbsolute(path) ? path : normalize(posix.join(folder, path));
    return { path: fromRoot, optional, place: [...place, index] };
  });
}

/** Numbers and booleans as they stand in the file: `1.10` is not `1.1`. */
function asWritten(
  env: ServiceFields['env'],
  tree: Mapping,
  path: Path,
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    Object.entries(env ?? {}).map(([key, value]) => {
      const written = find(tree, [...path, key]);
      return [key, value === null || written?.kind !== 'scalar' ? null : written.text];
    }),
  );
}

/** What a service does not say itself was said in `defaults`. */
function whereWritten(tree: Mapping, path: Path): Path {
  const inherited = ['defaults', ...path.slice(2)];
  const isInherited = path[0] === 'services' && path.length > 2 && find(tree, path) === undefined;
  return isInherited && find(tree, inherited) !== undefined ? inherited : path;
}

const normalize = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');
