/** The networks that the containers of a stack belong on, by the names that the engine has for them. Pure. */
import { canPublish } from '../../compose/publications.ts';
import { applyOverride } from '../../compose/verify.ts';
import type { PreparedStack } from '../prepare.ts';

export interface WantedNetworks {
  /** Those that Compose puts the container on. */
  readonly own: readonly string[];
  /** Those of another project, which the container joins besides. */
  readonly joined: readonly string[];
}

/** Tells those of every container, by its service in the contract. */
export function networksOf(prepared: PreparedStack): ReadonlyMap<string, WantedNetworks> {
  const { compose, services } = prepared;
  if (compose === undefined) return new Map();
  const own = applyOverride(compose.project, compose.override);
  const shared = compose.shared && applyOverride(compose.shared.project, compose.shared.override);
  const wanted = new Map<string, WantedNetworks>();
  for (const [name, { service }] of services) {
    if (service.kind !== 'compose') continue;
    const project = service.scope === 'workspace' ? shared : own;
    const keys = [...(project?.services.get(service.compose)?.networks.keys() ?? [])];
    wanted.set(name, {
      own: keys.flatMap((key) => project?.networks.get(key)?.name ?? []),
      joined: networksFor(prepared, name),
    });
  }
  return wanted;
}

/** The networks on which a container of the stack finds the shared services that it depends on or consumes. */
export function networksFor({ compose, services }: PreparedStack, name: string): string[] {
  const consumer = services.get(name);
  const shared = compose?.shared?.project;
  if (compose === undefined || shared === undefined || consumer?.service.kind !== 'compose') return [];
  const found = compose.project.services.get(consumer.service.compose);
  if (consumer.service.scope === 'workspace' || found === undefined || !canPublish(found)) return [];
  const networks = sharedNeedsOf({ services }, name).flatMap((provider) => {
    const [first] = shared.services.get(provider)?.networks.keys() ?? [];
    const network = first === undefined ? undefined : shared.networks.get(first)?.name;
    return network === undefined ? [] : [network];
  });
  return [...new Set(networks)];
}

/** The shared services that it depends on or consumes, by their names in the project. */
export function sharedNeedsOf({ services }: Pick<PreparedStack, 'services'>, name: string): string[] {
  return (services.get(name)?.needs ?? []).flatMap((need) => {
    const provider = services.get(need.service)?.service;
    return provider?.kind === 'compose' && provider.scope === 'workspace' ? [provider.compose] : [];
  });
}
