/** From checked fields to the contract: one form for everything, defaults filled in. */
import { posix } from 'node:path';

import {
  DEFAULT_ENVIRONMENT,
  type Consumption,
  type Contract,
  type Access,
  type EnvFile,
  type ExternalService,
  type ProcessService,
  type Readiness,
  type RestartPolicy,
  type Service,
  type StopPolicy,
  type TaskService,
} from './contract.ts';
import { parseDuration } from './duration.ts';
import { parseExternal } from './external.ts';
import { portsOf } from './ports.ts';
import { DEFAULT_RANGE, buildRange } from './ranges.ts';
import type { ContractFields } from './schema.ts';
import type { EnvFileFields, ServiceFields } from './schema-service.ts';
import { find, locate, toValue, type Mapping, type Path } from './tree.ts';

type Defaults = NonNullable<ContractFields['defaults']>;

/** Milliseconds. */
const DEFAULT_INTERVAL = 250;
const DEFAULT_STOP_TIMEOUT = 10_000;
const DEFAULT_ATTEMPTS = 5;

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
    dir: normalize(fields.dir ?? '.'),
    command: fields.command ?? [],
    envFiles: [
      ...buildEnvFiles(defaults.envFile, '.', ['defaults', 'envFile']),
      ...buildEnvFiles(fields.envFile, fields.dir ?? '.', ['services', name, 'envFile']),
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
  if (fields.kind === 'task') {
    return { ...shared, kind: 'task', run: fields.run ?? 'always' } satisfies TaskService;
  }
  return {
    ...shared,
    kind: 'process',
    ready: buildReadiness(fields, defaults),
    restart: buildRestart(fields, defaults),
    access: buildAccess(fields),
    transition: { onConflict: fields.transition?.onConflict ?? 'fail' },
  } satisfies ProcessService;
}

function buildAccess({ access }: ServiceFields): Access | undefined {
  if (access === undefined || access === '*') return access && { browser: 'any' };
  const { from, browser } = access;
  return { from, browser: browser === 'any' ? browser : browser?.origins };
}

function buildExternal(name: string, fields: ServiceFields, address: string): ExternalService {
  const target = parseExternal(address) ?? { protocol: 'tcp', host: address, port: 0 };
  const ports = portsOf(name, fields);
  const protocol = ports[0]?.appProtocol ?? target.protocol;
  // `host:port` is http where the port says so.
  const spoken = protocol === 'https' || protocol === 'tcp' ? protocol : 'http';
  const { url, renamedFrom } = fields;
  const access = buildAccess(fields);
  return { kind: 'external', name, target: { ...target, protocol: spoken }, url, ports, access, renamedFrom };
}

function buildReadiness(fields: ServiceFields, defaults: Defaults): Readiness {
  const { http, tcp, log, port, interval, timeout } = fields.ready ?? {};
  const pace = {
    interval: milliseconds(interval ?? defaults.ready?.interval) ?? DEFAULT_INTERVAL,
    ...(timeout === undefined ? {} : { timeout: milliseconds(timeout) }),
  };
  if (http !== undefined) return { kind: 'http', path: http, port, ...pace };
  if (log !== undefined) return { kind: 'log', pattern: log, ...pace };
  if (tcp !== undefined) return { kind: 'tcp', port: tcp === true ? port : tcp, ...pace };
  return { kind: 'default', ...pace };
}

const buildRestart = (fields: ServiceFields, defaults: Defaults): RestartPolicy => ({
  policy: fields.restart?.policy ?? defaults.restart?.policy ?? 'on-failure',
  max: fields.restart?.max ?? defaults.restart?.max ?? DEFAULT_ATTEMPTS,
});

const buildStop = (fields: ServiceFields, defaults: Defaults): StopPolicy => ({
  signal: fields.stop?.signal ?? defaults.stop?.signal ?? 'SIGTERM',
  timeout: milliseconds(fields.stop?.timeout ?? defaults.stop?.timeout) ?? DEFAULT_STOP_TIMEOUT,
});

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

const milliseconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseDuration(text);
