/**
 * A Compose project after everything that Compose itself resolves (`include`, `extends`, anchors, variables, short
 * syntax), as far as ports, names and networks go. Read from `docker compose config --format json`. Pure.
 */
import { z } from 'zod';

import { PortrampError } from '../lib/errors.ts';
import { sha256 } from '../lib/hash.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface ComposeProject {
  readonly name: string;
  /** Services behind profiles included, if the project was resolved with all of them. */
  readonly services: ReadonlyMap<string, ComposeService>;
  /** Only those that a service uses: Compose drops the others. */
  readonly volumes: ReadonlyMap<string, ComposeVolume>;
  readonly networks: ReadonlyMap<string, ComposeNetwork>;
  /** `x-portramp.share` of the file: what keeps its name in every stack, as `volumes.NAME`. */
  readonly share: readonly string[];
  /** Names that are the same whatever the project is called; absent where that was not looked at. */
  readonly fixed?: ReadonlySet<string> | undefined;
}

export interface ComposeService {
  readonly name: string;
  /** Differs when anything that the project says of the service differs. */
  readonly definition: string;
  readonly image?: string | undefined;
  readonly ports: readonly ComposePort[];
  /** Container ports that are open to other containers only. */
  readonly expose: readonly number[];
  readonly containerName?: string | undefined;
  /** `host`, `none`, `service:NAME`, `container:NAME`; absent where the service is on networks. */
  readonly networkMode?: string | undefined;
  readonly pid?: string | undefined;
  readonly ipc?: string | undefined;
  readonly networks: ReadonlyMap<string, Attachment>;
  /** Keys of the volumes that it mounts. */
  readonly volumes: readonly string[];
  readonly volumesFrom: readonly string[];
  readonly externalLinks: readonly string[];
  readonly profiles: readonly string[];
  /** How many containers Compose starts; 0 for a service that is switched off. */
  readonly replicas: number;
  readonly dependsOn: ReadonlyMap<string, Dependency>;
  /** Services whose images its own image is built from (`build.additional_contexts`). */
  readonly builtFrom: readonly string[];
  readonly hasHealthcheck: boolean;
  /** Whether Compose runs commands in its containers once they have started (`post_start`). */
  readonly hasStartHook: boolean;
  /** Null takes its value from the shell. `$` is written `$$`, as in a Compose file. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** `NAME=ADDRESS`. */
  readonly extraHosts: readonly string[];
  /** Files that it is given as configs and secrets. */
  readonly given: readonly string[];
}

export interface ComposePort {
  /** In the container. */
  readonly target: number;
  /** A number or a range, as `config` writes it; absent where the engine chooses. */
  readonly published?: string | undefined;
  readonly hostIp?: string | undefined;
  readonly protocol: Protocol;
  readonly mode?: string | undefined;
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
}

/** How a service is attached to a network. */
export interface Attachment {
  readonly aliases: readonly string[];
  /** Fixed addresses, IPv4 and IPv6. */
  readonly addresses: readonly string[];
}

export type Dependency = Readonly<z.output<typeof dependency>>;

export interface ComposeVolume {
  /** What the engine calls it. */
  readonly name: string;
  readonly external: boolean;
}

export interface ComposeNetwork extends ComposeVolume {
  /** Fixed address ranges (CIDR): two networks cannot have the same one. */
  readonly subnets: readonly string[];
}

const text = z.union([z.string(), z.number().transform(String)]);
const list = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const optional = text.nullish().transform((value) => (value === null || value === '' ? undefined : value));

const port = z
  .object({
    target: z.number().int(),
    published: optional,
    host_ip: optional,
    protocol: z.enum(['tcp', 'udp', 'sctp']).default('tcp'),
    mode: optional,
    name: optional,
    app_protocol: optional,
  })
  .transform(({ host_ip: hostIp, app_protocol: appProtocol, ...rest }): ComposePort => ({
    ...rest,
    hostIp,
    appProtocol,
  }));

const attachment = z
  .object({ aliases: list, ipv4_address: optional, ipv6_address: optional })
  .nullable()
  .transform((value): Attachment => ({
    aliases: value?.aliases ?? [],
    addresses: [value?.ipv4_address, value?.ipv6_address].filter((address) => address !== undefined),
  }));

const dependency = z.object({
  condition: z
    .enum(['service_started', 'service_healthy', 'service_completed_successfully'])
    .default('service_started'),
  required: z.boolean().default(true),
  /** Whether who depends is started again whenever the other is, as also who shares its network. */
  restart: flag,
});

/** Short ones only where the files were read without Compose. */
const mount = z.union([z.string(), z.object({ type: z.string(), source: optional })]);

/** Short ones only where the files were read without Compose. */
const grants = z
  .array(z.union([z.string(), z.object({ source: optional })]))
  .nullish()
  .transform((value) => (value ?? []).map((each) => (typeof each === 'string' ? each : each.source)));

const content = z.record(z.string(), z.object({ file: optional }).nullable()).nullish();

/** `NAME: CONTEXT`; a list of `NAME=CONTEXT` only where the files were read without Compose. */
const contexts = z.union([z.array(z.string()), z.record(z.string(), text.nullable())]).nullish();

const service = z.object({
  image: optional,
  build: z.object({ additional_contexts: contexts }).nullish(),
  ports: z.array(port).nullish(),
  expose: z.array(text).nullish(),
  container_name: optional,
  network_mode: optional,
  pid: optional,
  ipc: optional,
  networks: z.record(z.string(), attachment).nullish(),
  volumes: z.array(mount).nullish(),
  volumes_from: list,
  external_links: list,
  profiles: list,
  scale: z.number().int().nullish(),
  deploy: z.object({ replicas: z.number().int().nullish() }).nullish(),
  depends_on: z.record(z.string(), dependency).nullish(),
  healthcheck: z
    .object({ disable: flag, test: z.union([z.string(), z.array(z.string())]).nullish() })
    .nullish(),
  post_start: z.array(z.unknown()).nullish(),
  environment: z.record(z.string(), text.nullable()).nullish(),
  extra_hosts: list,
  configs: grants,
  secrets: grants,
});

const volume = z.object({ name: z.string(), external: flag });

const network = volume.extend({
  ipam: z.object({ config: z.array(z.object({ subnet: optional })).nullish() }).nullish(),
});

const project = z.object({
  name: z.string(),
  services: z.record(z.string(), service).nullish(),
  volumes: z.record(z.string(), volume).nullish(),
  networks: z.record(z.string(), network).nullish(),
  configs: content,
  secrets: content,
  'x-portramp': z.object({ share: list }).nullish(),
});

/** Where something is not as `docker compose config --format json` prints it. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** @throws PortrampError COMPOSE_INVALID, naming the first misfit. */
export function readProject(json: unknown): ComposeProject {
  const { project: found, misfit } = parseProject(json);
  if (found !== undefined) return found;
  throw new PortrampError(
    'COMPOSE_INVALID',
    `the project is odd: ${misfit.path.join('.')}: ${misfit.message}`,
  );
}

type Parsed =
  | { readonly project: ComposeProject; readonly misfit?: undefined }
  | { readonly project?: undefined; readonly misfit: Misfit };

export function parseProject(json: unknown): Parsed {
  const parsed = project.safeParse(json);
  if (parsed.success) return { project: buildProject(parsed.data, json) };
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).filter((step) => typeof step !== 'symbol');
  return { misfit: { path, message: issue?.message ?? 'malformed' } };
}

function buildProject(fields: z.output<typeof project>, json: unknown): ComposeProject {
  const { services: written = {} } = json as { services?: Record<string, unknown> };
  return {
    name: fields.name,
    services: mapEntries(fields.services, (name, service) => ({
      ...readService(name, service),
      given: [...filesOf(fields.configs, service.configs), ...filesOf(fields.secrets, service.secrets)],
      definition: sha256(JSON.stringify(written[name])),
    })),
    volumes: mapEntries(fields.volumes, (_, value) => value),
    networks: mapEntries(fields.networks, (_, { ipam, ...rest }) => ({
      ...rest,
      subnets: (ipam?.config ?? []).flatMap(({ subnet }) => (subnet === undefined ? [] : [subnet])),
    })),
    share: fields['x-portramp']?.share ?? [],
  };
}

/** Paths of those that are files, not variables or made by hand. */
const filesOf = (
  known: z.output<typeof content>,
  names: readonly (string | undefined)[],
): readonly string[] => names.flatMap((name) => (name === undefined ? [] : (known?.[name]?.file ?? [])));

/** A context is a folder, an address, an image or another service (`service:NAME`). */
function builtFrom(given: z.output<typeof contexts>): readonly string[] {
  const words = Array.isArray(given)
    ? given.map((line) => line.replace(/^[^=]*=/, ''))
    : Object.values(given ?? {});
  return words.flatMap((word) => /^service:(.+)$/.exec(word ?? '')?.[1] ?? []);
}

function readService(
  name: string,
  fields: z.output<typeof service>,
): Omit<ComposeService, 'definition' | 'given'> {
  return {
    name,
    image: fields.image,
    ports: fields.ports ?? [],
    expose: (fields.expose ?? []).map((value) => Number.parseInt(value, 10)).filter(Number.isInteger),
    containerName: fields.container_name,
    networkMode: fields.network_mode,
    pid: fields.pid,
    ipc: fields.ipc,
    networks: mapEntries(fields.networks, (_, value) => value),
    volumes: (fields.volumes ?? []).flatMap(volumeOf),
    volumesFrom: fields.volumes_from,
    externalLinks: fields.external_links,
    profiles: fields.profiles,
    replicas: fields.scale ?? fields.deploy?.replicas ?? 1,
    dependsOn: mapEntries(fields.depends_on, (_, value) => value),
    builtFrom: builtFrom(fields.build?.additional_contexts),
    hasHealthcheck: hasHealthcheck(fields.healthcheck),
    hasStartHook: (fields.post_start ?? []).length > 0,
    environment: fields.environment ?? {},
    extraHosts: fields.extra_hosts,
  };
}

/** `test: [NONE]` is the other way to switch off the one that an image has. */
const hasHealthcheck = (check: z.output<typeof service>['healthcheck']): boolean =>
  check?.disable === false && !(Array.isArray(check.test) && check.test[0] === 'NONE');

function volumeOf(written: z.output<typeof mount>): string[] {
  if (typeof written !== 'string') {
    return written.type === 'volume' && written.source !== undefined ? [written.source] : [];
  }
  const [source = '', target] = written.split(':');
  return target !== undefined && /^\w[\w.-]+$/.test(source) ? [source] : [];
}

const mapEntries = <In, Out>(
  record: Readonly<Record<string, In>> | null | undefined,
  read: (name: string, value: In) => Out,
): Map<string, Out> =>
  new Map(Object.entries(record ?? {}).map(([name, value]) => [name, read(name, value)]));
