/**
 * Resolved project + leased numbers + policy → what a last Compose file has to say so that this stack stands beside
 * all others. Pure; `write.ts` makes YAML of it, `verify.ts` says what Compose must make of it.
 */
import { isReleased, pinsOf, sharedNames, type NamePolicy, type Pin } from './names.ts';
import type { ComposePort, ComposeProject, ComposeService } from './model.ts';
import { lostDependencies, withoutServices } from './part.ts';
import { publicationsOf, unmovableServices, type Publication } from './publications.ts';

export interface OverrideInputs {
  /** Resolved with the name that it shall have in this stack. */
  readonly project: ComposeProject;
  /** What to publish; default: what the project publishes by itself. */
  readonly publications?: readonly Publication[];
  /** The first leased number of a publication. */
  readonly numberOf: (publication: Publication) => number;
  readonly policy: NamePolicy;
  /** Services of the project that run elsewhere. */
  readonly omitted?: ReadonlySet<string>;
  /** Variables that services are told, by service; not yet escaped. */
  readonly environment?: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Names of the host that containers can dial, by service: `NAME=ADDRESS`. */
  readonly extraHosts?: ReadonlyMap<string, readonly string[]>;
}

export interface Override {
  /** Absent where the project keeps its own. */
  readonly name?: string;
  readonly omitted: ReadonlySet<string>;
  /** Only services, volumes and networks that something changes for. */
  readonly services: ReadonlyMap<string, ServiceOverride>;
  readonly volumes: ReadonlyMap<string, VolumeOverride>;
  readonly networks: ReadonlyMap<string, NetworkOverride>;
  readonly published: readonly Published[];
  readonly pins: readonly (Pin & { readonly released: boolean })[];
  /** What the override cannot do, for a person. */
  readonly findings: readonly Finding[];
}

export interface ServiceOverride {
  /** The whole list. */
  readonly ports?: readonly ComposePort[];
  readonly resetContainerName?: true;
  /** Services that run elsewhere, which it depends on no more. */
  readonly resetDependencies?: readonly string[];
  readonly networkMode?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly networks?: ReadonlyMap<string, AttachmentOverride>;
  readonly extraHosts?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface AttachmentOverride {
  /** The released container name, so that other services still find it. */
  readonly aliases?: readonly string[];
  readonly resetAddresses?: true;
}

export interface VolumeOverride {
  /** Back to the name that Compose makes of the project's. */
  readonly resetName?: true;
  /** That of the main checkout. */
  readonly name?: string;
}

export interface NetworkOverride extends VolumeOverride {
  readonly resetSubnets?: true;
}

/** A publication and the number that it has in this stack. */
export interface Published extends Publication {
  readonly number: number;
}

export interface Finding {
  readonly severity: 'warning' | 'note';
  readonly service?: string;
  readonly message: string;
  readonly hint?: string;
}

/** Published ports are for this machine alone. */
export const LOOPBACK = '127.0.0.1';

export function planOverride(inputs: OverrideInputs): Override {
  const { policy, omitted = new Set() } = inputs;
  const project = withoutServices(inputs.project, omitted);
  const published = (inputs.publications ?? publicationsOf(project))
    .filter(({ service }) => project.services.has(service))
    .map((publication) => ({ ...publication, number: inputs.numberOf(publication) }));
  const pins = pinsOf(project).map((pin) => ({ ...pin, released: isReleased(pin, policy) }));
  const released = pins.filter((pin) => pin.released);
  const lost = lostDependencies(inputs.project, omitted);
  const plan: Plan = { inputs: { ...inputs, project }, published, released, lost };
  const services = [...project.services.values()].flatMap((service): [string, ServiceOverride][] => {
    const override = overrideService(service, plan);
    return Object.keys(override).length === 0 ? [] : [[service.name, override]];
  });
  return {
    ...(policy.names === 'keep' ? {} : { name: project.name }),
    omitted,
    services: new Map(services),
    volumes: overrideResources(plan, 'volumes'),
    networks: overrideResources(plan, 'networks'),
    published,
    pins,
    findings: [...describeUnmovable(project), ...describeLostNames(project, released)],
  };
}

interface Plan {
  readonly inputs: OverrideInputs;
  readonly published: readonly Published[];
  readonly released: readonly Pin[];
  readonly lost: ReadonlyMap<string, readonly string[]>;
}

function overrideService(service: ComposeService, plan: Plan): ServiceOverride {
  const { name } = service;
  const ports = plan.published.filter((each) => each.service === name).map(publishedEntry);
  const environment = plan.inputs.environment?.get(name) ?? {};
  const extraHosts = plan.inputs.extraHosts?.get(name) ?? [];
  const networks = overrideAttachments(service, plan.released);
  const lost = plan.lost.get(name);
  return {
    ...(ports.length === 0 ? {} : { ports }),
    ...(releasedName(service, plan.released) === undefined ? {} : { resetContainerName: true }),
    ...(lost === undefined ? {} : { resetDependencies: lost }),
    ...overrideShared(service, plan),
    ...(networks.size === 0 ? {} : { networks }),
    ...(extraHosts.length === 0 ? {} : { extraHosts }),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
  };
}

export function publishedEntry({ entry, number, span }: Published): ComposePort {
  const published = span === 1 ? String(number) : `${number}-${number + span - 1}`;
  return { ...entry, published, hostIp: LOOPBACK };
}

/** `container:NAME` of a container whose name is released becomes `service:NAME`. */
function overrideShared(service: ComposeService, { inputs, released }: Plan): ServiceOverride {
  const owners = new Map(
    released.filter((pin) => pin.kind === 'services').map((pin) => [`container:${pin.pinned}`, pin.name]),
  );
  const entries = (['networkMode', 'pid', 'ipc'] as const).flatMap((field): [string, string][] => {
    const owner = owners.get(service[field] ?? '');
    return owner === undefined || !inputs.project.services.has(owner) ? [] : [[field, `service:${owner}`]];
  });
  return Object.fromEntries(entries);
}

function overrideAttachments(
  service: ComposeService,
  released: readonly Pin[],
): Map<string, AttachmentOverride> {
  const alias = releasedName(service, released);
  const freed = new Set(released.filter((pin) => pin.what === 'address range').map((pin) => pin.name));
  const attachments = new Map<string, AttachmentOverride>();
  for (const [network, { aliases, addresses }] of service.networks) {
    const override: AttachmentOverride = {
      ...(alias === undefined || alias === service.name || aliases.includes(alias)
        ? {}
        : { aliases: [alias] }),
      ...(freed.has(network) && addresses.length > 0 ? { resetAddresses: true } : {}),
    };
    if (Object.keys(override).length > 0) attachments.set(network, override);
  }
  return attachments;
}

function overrideResources(
  { inputs, released }: Plan,
  kind: 'volumes' | 'networks',
): Map<string, NetworkOverride> {
  const resources = new Map<string, NetworkOverride>();
  for (const pin of released.filter((each) => each.kind === kind)) {
    const change =
      pin.what === 'address range' ? { resetSubnets: true as const } : { resetName: true as const };
    resources.set(pin.name, { ...resources.get(pin.name), ...change });
  }
  for (const [key, name] of sharedNames(inputs.project, kind, inputs.policy)) {
    resources.set(key, { ...resources.get(key), name });
  }
  return resources;
}

const releasedName = (service: ComposeService, released: readonly Pin[]): string | undefined =>
  released.find((pin) => pin.kind === 'services' && pin.name === service.name)?.pinned;

const describeUnmovable = (project: ComposeProject): Finding[] =>
  unmovableServices(project).map(({ service, networkMode }) => ({
    severity: 'warning',
    service,
    message:
      networkMode === 'host'
        ? `${service} is on the host's network: its ports are the same in every stack, and two stacks collide in them`
        : `${service} has network_mode "${networkMode}", so its "ports" publish nothing`,
    hint:
      networkMode === 'host'
        ? `give ${service} "ports" instead of network_mode: host`
        : 'write the ports at the service that owns the network',
  }));

/** Uses of a released container name that Compose has no other word for. */
function describeLostNames(project: ComposeProject, released: readonly Pin[]): Finding[] {
  const names = new Map(
    released.filter((pin) => pin.kind === 'services').map((pin) => [pin.pinned, pin.name]),
  );
  const lost = (service: string, field: string, word: string, container: string): Finding => ({
    severity: 'warning',
    service,
    message: `${field} of ${service} says "${word}", but in this stack the container ${container} has another name`,
    hint: `write the service instead: ${names.get(container) ?? container}`,
  });
  return [...project.services.values()].flatMap(({ name, externalLinks, volumesFrom }) => [
    ...externalLinks.flatMap((link) => {
      const container = link.split(':', 1)[0] ?? '';
      return names.has(container) ? [lost(name, 'external_links', link, container)] : [];
    }),
    ...volumesFrom.flatMap((source) => {
      const container = /^container:([^:]+)/.exec(source)?.[1] ?? '';
      return names.has(container) ? [lost(name, 'volumes_from', source, container)] : [];
    }),
  ]);
}
