/**
 * The services of a Compose project as services of the contract: ports that the project publishes are filled in where
 * the contract names none, services that it does not name are added, and `depends_on` orders them. Pure.
 */
import type {
  AppProtocol,
  ComposeService as ContractService,
  Condition,
  Consumption,
  Contract,
  Port,
  Service,
} from '../contract/contract.ts';
import type { Finding } from '../contract/finding.ts';
import { isRoutable } from '../contract/ports.ts';
import { suggest } from '../lib/suggest.ts';
import type { ComposeProject, ComposeService } from './model.ts';
import { canPublish, publicationsOf } from './publications.ts';
import { hasProfile } from './selection.ts';

export interface Merged {
  readonly contract: Contract;
  /** Services that the contract names and the project lacks. */
  readonly findings: readonly Finding[];
}

/** @param profiles Those that are on: what stands behind another one waits until it is named. */
export function addComposeServices(
  contract: Contract,
  project: ComposeProject,
  profiles: readonly string[] = [],
): Merged {
  const isOn = (service: ComposeService): boolean => service.replicas > 0 && hasProfile(service, profiles);
  const findings: Finding[] = [];
  const names = namesInContract(contract, project);
  const services = new Map<string, Service>();
  for (const [name, service] of contract.services) {
    if (service.kind !== 'compose') {
      services.set(name, service);
      continue;
    }
    const found = project.services.get(service.compose);
    if (found === undefined) findings.push(describeUnknown(service, project));
    const consumes = found === undefined ? [] : dependenciesOf(found, names);
    const written = new Set(service.consumes.map((each) => each.service));
    const leaders = new Set(consumes.flatMap((each) => (each.restart === true ? [each.service] : [])));
    services.set(name, {
      ...service,
      ...(found === undefined ? {} : factsOf(found, project)),
      ports:
        service.ports.length > 0 || found === undefined
          ? completePorts(service, found, project)
          : portsOf(name, found, project),
      consumes: [
        ...service.consumes.map((each) => (leaders.has(each.service) ? { ...each, restart: true } : each)),
        ...consumes.filter((each) => !written.has(each.service)),
      ],
    });
  }
  for (const [composeName, name] of names) {
    const found = project.services.get(composeName);
    if (!services.has(name) && found !== undefined)
      services.set(name, makeService(name, found, project, names, isOn(found)));
  }
  return { contract: { ...contract, services }, findings };
}

/** Compose service → its name in the contract: its own, made a label, unless the contract has given it another. */
function namesInContract(contract: Contract, project: ComposeProject): Map<string, string> {
  const names = new Map<string, string>();
  for (const service of contract.services.values()) {
    if (service.kind === 'compose') names.set(service.compose, service.name);
  }
  if (contract.compose?.include !== 'all') return names;
  const taken = new Set([...contract.services.keys(), ...names.values()]);
  for (const composeName of project.services.keys()) {
    if (names.has(composeName)) continue;
    const label = toLabel(composeName);
    const name = [label, `${label}-compose`].find((candidate) => !taken.has(candidate));
    if (name === undefined) continue;
    names.set(composeName, name);
    taken.add(name);
  }
  return names;
}

const toLabel = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'service';

/** Milliseconds. */
const INTERVAL = 250;
const STOP_TIMEOUT = 10_000;

function makeService(
  name: string,
  found: ComposeService,
  project: ComposeProject,
  names: ReadonlyMap<string, string>,
  isOn: boolean,
): ContractService {
  return {
    kind: 'compose',
    name,
    compose: found.name,
    listed: false,
    scope: 'stack',
    ...factsOf(found, project),
    dir: '.',
    command: [],
    envFiles: [],
    env: {},
    consumes: dependenciesOf(found, names),
    ports: portsOf(name, found, project),
    ready: { kind: 'default', interval: INTERVAL },
    start: isOn ? 'auto' : 'manual',
    stop: { signal: 'SIGTERM', timeout: STOP_TIMEOUT },
    resolve: 'system',
  };
}

const factsOf = (found: ComposeService, { networks, volumes }: ComposeProject) => ({
  definition: found.definition,
  resources: JSON.stringify([
    [...found.networks.keys()].map((key) => networks.get(key)),
    found.volumes.map((key) => volumes.get(key)),
  ]),
  image: found.image,
  hasHealthcheck: found.hasHealthcheck,
});

const CONDITIONS: Readonly<Record<string, Condition>> = {
  service_started: 'started',
  service_healthy: 'ready',
  service_completed_successfully: 'completed',
};

const dependenciesOf = (service: ComposeService, names: ReadonlyMap<string, string>): Consumption[] =>
  [...service.dependsOn].flatMap(([composeName, { condition, required, restart }]) => {
    const name = names.get(composeName);
    return name === undefined
      ? []
      : [
          {
            service: name,
            optional: !required,
            condition: CONDITIONS[condition],
            silent: true,
            ...(restart ? { restart } : {}),
          },
        ];
  });

/** Ports that speak something else than HTTP, as everybody knows. */
const TCP_PORTS = new Set([
  21, 22, 25, 110, 143, 389, 465, 587, 636, 993, 1025, 1143, 1433, 1521, 1883, 2181, 2379, 3306, 4222, 5432,
  5672, 6379, 6380, 7687, 8883, 9042, 9092, 9094, 9300, 11_211, 26_257, 27_017, 61_616,
]);

function protocolOf(target: number, written: string | undefined): AppProtocol {
  switch (written) {
    case 'http':
    case 'https':
    case 'h2c':
    case 'grpc':
    case 'tcp':
      return written;
    default:
      return target === 443 || target === 8443 ? 'https' : TCP_PORTS.has(target) ? 'tcp' : 'http';
  }
}

/** A container port without a name of its own is called by its number. */
function portsOf(name: string, service: ComposeService, project: ComposeProject): Port[] {
  const targets = new Map(
    publicationsOf(project)
      .filter((each) => each.service === service.name && each.protocol === 'tcp')
      .map(({ target, entry }) => [target, protocolOf(target, entry.appProtocol)] as const),
  );
  const [first] = [...targets].toSorted(
    ([, left], [, right]) => Number(isRoutable(right)) - Number(isRoutable(left)),
  );
  return [...targets].map(([target, appProtocol]) => {
    const isFirst = target === first?.[0];
    const portName = isFirst ? (isRoutable(appProtocol) ? 'http' : 'tcp') : `port-${target}`;
    const hosts = isRoutable(appProtocol) ? [isFirst ? name : `${portName}.${name}`] : [];
    return makePort({
      name: portName,
      appProtocol,
      hosts,
      primary: isFirst,
      implicit: true,
      container: target,
    });
  });
}

const makePort = (
  port: Pick<Port, 'name' | 'appProtocol' | 'hosts' | 'primary' | 'implicit' | 'container'>,
): Port => ({
  ...port,
  extraHosts: [],
  paths: ['/'],
  visibility: 'public',
  follow: false,
  ramp: false,
  // Whoever listens belongs to the engine, often to another user: it is known from the container instead.
  listener: 'external',
});

/** Ports that the contract names: one without `container` is the only one that the project publishes. */
function completePorts(
  service: ContractService,
  found: ComposeService | undefined,
  project: ComposeProject,
): Port[] {
  const published = publicationsOf(project).filter(
    (each) => each.service === found?.name && each.protocol === 'tcp',
  );
  const [only, ...more] = new Set(published.map(({ target }) => target));
  return service.ports.map((port) => ({
    ...port,
    container: port.container ?? (more.length === 0 ? only : undefined),
    listener: 'external',
  }));
}

function describeUnknown(service: ContractService, project: ComposeProject): Finding {
  const known = [...project.services.keys()];
  const nearest = suggest(service.compose, known);
  return {
    at: ['services', service.name, 'compose'],
    message: `the Compose project has no service "${service.compose}"`,
    hint: nearest === undefined ? `its services are: ${known.join(', ')}` : `did you mean "${nearest}"?`,
  };
}

/** Ports of the contract that nothing can be published for, or that are to be probed and are not there. */
export function findPortProblems(contract: Contract, project: ComposeProject): Finding[] {
  return [...contract.services.values()].flatMap((service) => {
    const found = service.kind === 'compose' ? project.services.get(service.compose) : undefined;
    if (service.kind !== 'compose' || found === undefined) return [];
    const published = service.ports.flatMap(({ name, container }): Finding[] => {
      const at = ['services', service.name, 'ports', name];
      if (container === undefined) {
        const message = `which port of the container ${service.compose} "${name}" is, is not clear`;
        return [{ at, message, hint: 'write container: 5432' }];
      }
      if (isOnlyUdp(container, found)) {
        const message = `port ${container} of ${service.compose} speaks UDP, and ports of the contract are TCP`;
        const hint = `remove ${name}: UDP ports are published by themselves, "portramp override --json" has the number`;
        return [{ at, message, hint }];
      }
      if (canPublish(found)) return [];
      const message = `${service.compose} has network_mode "${found.networkMode ?? ''}", so none of its ports can be leased`;
      return [{ at, message, hint: 'write ports: false' }];
    });
    return [...published, ...findUnknownProbe(service)];
  });
}

const isOnlyUdp = (container: number, { ports }: ComposeService): boolean => {
  const protocols = ports.filter(({ target }) => target === container).map(({ protocol }) => protocol);
  return protocols.length > 0 && !protocols.includes('tcp');
};

function findUnknownProbe({ name, ready, ports }: ContractService): Finding[] {
  const isOwn = ready.kind === 'tcp' || (ready.kind === 'http' && ready.path.startsWith('/'));
  if (!isOwn || ports.some((port) => ready.port === undefined || port.name === ready.port)) return [];
  const what = ready.port === undefined ? 'no port that could be probed' : `no port "${ready.port}"`;
  const known = ports.map((port) => port.name).join(', ') || 'none';
  const hint = `its ports are: ${known}`;
  return [{ at: ['services', name, 'ready'], message: `services.${name} has ${what}`, hint }];
}
