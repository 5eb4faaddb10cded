/** What `docker compose config` refuses in a project, as far as it can be seen without Compose. Pure. */
import type { Path } from '../contract/tree.ts';

type Json = { readonly [key: string]: unknown };

export interface Invalid {
  readonly path: Path;
  readonly message: string;
}

/** Top-level keys and keys of a service (Compose specification); `x-` keys are free. */
const TOP = new Set('version name include services networks volumes secrets configs models'.split(' '));
const SERVICE = new Set(
  `annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name
  cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec
  depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file
  environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation
  label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models
  network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged
  profiles provider pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open
  stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes
  volumes_from working_dir`.split(/\s+/),
);

const NAME = /^[a-zA-Z0-9._-]+$/;

/**
 * Finds what Compose would refuse.
 * @param project With default network, and dependencies that come of shared networks and volumes.
 * @param written As the files have it.
 */
export function findInvalid(project: Json, written: Json): Invalid[] {
  const services = mapOf(project['services']);
  const unknown = [...keysOf(written)]
    .filter((key) => !TOP.has(key) && !key.startsWith('x-'))
    .map((key) => ({ path: [key], message: `"${key}" is no key of a Compose file` }));
  const found = Object.entries(services).flatMap(([name, value]) =>
    isMap(value) ? findInService(name, value, project, written) : [],
  );
  const cycle = findCycle(services);
  return [
    ...unknown,
    ...found,
    ...(cycle === undefined
      ? []
      : [
          {
            path: ['services', cycle[0] ?? ''],
            message: `services depend on each other: ${cycle.join(' -> ')}`,
          },
        ]),
  ];
}

function findInService(name: string, service: Json, project: Json, written: Json): Invalid[] {
  const at = (field?: string): Path => ['services', name, ...(field === undefined ? [] : [field])];
  const found: Invalid[] = [];
  const refuse = (message: string, field?: string): void => void found.push({ path: at(field), message });
  if (!NAME.test(name)) refuse(`"${name}" cannot be the name of a service`);
  for (const key of keysOf(service)) {
    if (!SERVICE.has(key) && !key.startsWith('x-')) refuse(`"${key}" is no key of a service`, key);
  }
  if (!['image', 'build', 'provider'].some((key) => key in service)) {
    refuse(`the service ${name} has neither an image nor a build context`);
  }
  const services = mapOf(project['services']);
  for (const dependency of keysOf(service['depends_on'])) {
    if (!(dependency in services))
      refuse(`${name} depends on ${dependency}, which is no service`, 'depends_on');
  }
  for (const [field, section] of REFERENCES) {
    const declared = mapOf(written[section]);
    for (const reference of referencesIn(field, service[field])) {
      if (reference in declared || (section === 'networks' && reference === 'default')) continue;
      refuse(`${name} refers to ${reference}, which "${section}" at the top level does not have`, field);
    }
  }
  const ownMode = mapOf(mapOf(written['services'])[name]);
  if (service['network_mode'] !== undefined && keysOf(ownMode['networks']).length > 0) {
    refuse(`${name} has network_mode and networks: only one of them can be`, 'network_mode');
  }
  const count = service['scale'] ?? mapOf(service['deploy'])['replicas'];
  if (service['container_name'] !== undefined && typeof count === 'number' && count > 1) {
    refuse(`${name} has a container_name, and is to have ${count} containers`, 'container_name');
  }
  return found;
}

const REFERENCES = [
  ['networks', 'networks'],
  ['volumes', 'volumes'],
  ['secrets', 'secrets'],
  ['configs', 'configs'],
] as const;

function referencesIn(field: string, value: unknown): string[] {
  if (!Array.isArray(value)) return field === 'networks' ? keysOf(value) : [];
  return value.flatMap((entry: unknown): string[] => {
    if (field === 'volumes') return namedVolume(entry);
    const name = isMap(entry) ? entry['source'] : entry;
    return typeof name === 'string' ? [name] : [];
  });
}

/** A short entry of one letter before the colon is a drive of Windows to Compose. */
function namedVolume(entry: unknown): string[] {
  if (isMap(entry)) {
    return entry['type'] === 'volume' && typeof entry['source'] === 'string' ? [entry['source']] : [];
  }
  const [source = '', target] = String(entry).split(':');
  return target !== undefined && /^\w[\w.-]+$/.test(source) ? [source] : [];
}

/** The services of one circle, the first one twice; undefined where there is none. */
function findCycle(services: Json): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    const start = path.indexOf(name);
    if (start !== -1) return [...path.slice(start), name];
    if (done.has(name)) return undefined;
    for (const next of keysOf(mapOf(services[name])['depends_on'])) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapOf = (value: unknown): Json => (isMap(value) ? value : {});

const keysOf = (value: unknown): string[] => Object.keys(mapOf(value));
