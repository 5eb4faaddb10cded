/**
 * Says what Compose must make of a project and its override, and compares that with what it made. An override is not
 * used before the two are the same: an old Compose appends to the ports that `!override` should replace. Pure.
 */
import type { Attachment, ComposePort, ComposeProject, ComposeService } from './model.ts';
import { withoutServices } from './part.ts';
import type { Override, ServiceOverride, VolumeOverride } from './override.ts';

/** The project that the override leads to. */
export function applyOverride(whole: ComposeProject, override: Override): ComposeProject {
  const project = withoutServices(whole, override.omitted);
  return {
    ...project,
    services: mapValues(project.services, (service) =>
      applyToService(service, override.services.get(service.name) ?? {}),
    ),
    volumes: mapValues(project.volumes, (volume, name) =>
      applyName(volume, project.name, name, override.volumes.get(name)),
    ),
    networks: mapValues(project.networks, (network, name) => {
      const change = override.networks.get(name);
      const renamed = applyName(network, project.name, name, change);
      return change?.resetSubnets ? { ...renamed, subnets: [] } : renamed;
    }),
  };
}

function applyName<Resource extends { readonly name: string }>(
  resource: Resource,
  project: string,
  key: string,
  change: VolumeOverride | undefined,
): Resource {
  if (change?.resetName) return { ...resource, name: `${project}_${key}` };
  return change?.name === undefined ? resource : { ...resource, name: change.name };
}

function applyToService(service: ComposeService, override: ServiceOverride): ComposeService {
  const { ports, networkMode, pid, ipc, networks, extraHosts, environment } = override;
  return {
    ...service,
    ...(ports === undefined ? {} : { ports }),
    ...(override.resetContainerName ? { containerName: undefined } : {}),
    ...(networkMode === undefined ? {} : { networkMode }),
    ...(pid === undefined ? {} : { pid }),
    ...(ipc === undefined ? {} : { ipc }),
    dependsOn: dependOn(service, [networkMode, pid, ipc]),
    networks: mapValues(service.networks, (attachment, name): Attachment => {
      const { aliases = [], resetAddresses } = networks?.get(name) ?? {};
      return {
        aliases: [...attachment.aliases, ...aliases],
        addresses: resetAddresses ? [] : attachment.addresses,
      };
    }),
    extraHosts: [...service.extraHosts, ...(extraHosts ?? [])],
    environment: { ...service.environment, ...escapeAll(environment ?? {}) },
  };
}

/** Who is made to share something of another service needs that from then on. */
function dependOn(
  { dependsOn }: ComposeService,
  shared: readonly (string | undefined)[],
): ComposeService['dependsOn'] {
  const owners = shared.flatMap((text) =>
    text?.startsWith('service:') ? [text.slice('service:'.length)] : [],
  );
  const dependency = { condition: 'service_started', required: true, restart: true } as const;
  const implied = owners.map((owner) => [owner, dependency] as const);
  return new Map([...implied, ...dependsOn]);
}

/** What is not as it should be, one sentence each; empty when the override does what it says. */
export function findDeviations(expected: ComposeProject, actual: ComposeProject): string[] {
  const deviations: string[] = [];
  const compare = (what: string, wanted: unknown, found: unknown): void => {
    const [left, right] = [JSON.stringify(wanted), JSON.stringify(found)];
    if (left !== right) deviations.push(`${what}: ${right ?? 'nothing'} instead of ${left ?? 'nothing'}`);
  };
  compare('project name', expected.name, actual.name);
  compare('services', keysOf(expected.services), keysOf(actual.services));
  for (const [name, service] of expected.services) {
    const found = actual.services.get(name);
    if (found === undefined) continue;
    compare(`ports of ${name}`, describePorts(service.ports), describePorts(found.ports));
    compare(`container name of ${name}`, service.containerName, found.containerName);
    compare(`network mode of ${name}`, service.networkMode, found.networkMode);
    compare(`networks of ${name}`, describeNetworks(service), describeNetworks(found));
    compare(`dependencies of ${name}`, keysOf(service.dependsOn), keysOf(found.dependsOn));
    compare(`extra hosts of ${name}`, service.extraHosts.toSorted(), found.extraHosts.toSorted());
    // Values may be secrets: only names are told.
    compare(`variables of ${name}`, namesOf(service, service), namesOf(found, service));
  }
  compare('volumes', namesByKey(expected.volumes), namesByKey(actual.volumes));
  compare('networks', namesByKey(expected.networks), namesByKey(actual.networks));
  return deviations;
}

/** `127.0.0.1:20345->80/tcp`, sorted. */
export const describePorts = (ports: readonly ComposePort[]): string[] =>
  ports
    .map(
      ({ hostIp, published, target, protocol }) =>
        `${hostIp ?? '*'}:${published ?? '?'}->${target}/${protocol}`,
    )
    .sort();

const describeNetworks = ({ networks }: ComposeService): unknown =>
  [...networks]
    .map(([name, { aliases, addresses }]) => [name, aliases.toSorted(), addresses])
    .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1));

const namesOf = (service: ComposeService, like: ComposeService): string[] =>
  Object.keys(service.environment)
    .map((name) => (service.environment[name] === like.environment[name] ? name : `${name} (another value)`))
    .sort();

const keysOf = (map: ReadonlyMap<string, unknown>): string[] => [...map.keys()].sort();

const namesByKey = (map: ReadonlyMap<string, { readonly name: string }>): string[] =>
  [...map].map(([key, { name }]) => `${key}=${name}`).sort();

const mapValues = <Value>(
  map: ReadonlyMap<string, Value>,
  change: (value: Value, key: string) => Value,
): Map<string, Value> => new Map([...map].map(([key, value]) => [key, change(value, key)]));

const escapeAll = (variables: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]));
