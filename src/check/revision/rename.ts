/**
 * `renamedFrom`: the earlier contract in the names of the later one, so that what was only renamed is not a
 * difference. Host names that were made from the old name are made from the new one.
 */
import type { Access, Contract, Port, Service } from '../../contract/contract.ts';

export interface Renames {
  /** Old name → new name. */
  readonly services: ReadonlyMap<string, string>;
  /** New name of the service → old name of the port → new name. */
  readonly ports: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A rename counts where the old name is gone and the new one is new; later it is history. */
export function findRenames(before: Contract, after: Contract): Renames {
  const services = new Map<string, string>();
  for (const { name, renamedFrom } of after.services.values()) {
    if (renamedFrom === undefined || before.services.has(name) || after.services.has(renamedFrom)) continue;
    if (before.services.has(renamedFrom)) services.set(renamedFrom, name);
  }
  const ports = new Map<string, ReadonlyMap<string, string>>();
  const oldNames = new Map([...services].map(([old, name]) => [name, old]));
  for (const service of after.services.values()) {
    const earlier = before.services.get(oldNames.get(service.name) ?? service.name);
    const renamed = earlier === undefined ? [] : findPortRenames(earlier, service);
    if (renamed.length > 0) ports.set(service.name, new Map(renamed));
  }
  return { services, ports };
}

function findPortRenames(before: Service, after: Service): [string, string][] {
  const has = (service: Service, name: string): boolean => service.ports.some((port) => port.name === name);
  return after.ports.flatMap(({ name, renamedFrom }): [string, string][] =>
    renamedFrom !== undefined && has(before, renamedFrom) && !has(before, name) && !has(after, renamedFrom)
      ? [[renamedFrom, name]]
      : [],
  );
}

export function applyRenames(contract: Contract, renames: Renames): Contract {
  if (renames.services.size === 0 && renames.ports.size === 0) return contract;
  const name = (old: string): string => renames.services.get(old) ?? old;
  const services = [...contract.services.values()].map((service) => renameService(service, name, renames));
  return {
    ...contract,
    groups: Object.fromEntries(
      Object.entries(contract.groups).map(([group, members]) => [group, members.map(name)]),
    ),
    reservations: contract.reservations.map((each) => ({
      ...each,
      service: each.service === undefined ? undefined : name(each.service),
    })),
    services: new Map(services.map((service) => [service.name, service])),
  };
}

function renameService(service: Service, name: (old: string) => string, renames: Renames): Service {
  const own = name(service.name);
  const ports = service.ports.map((port) => renamePort(port, service.name, own, renames));
  if (service.kind === 'external') {
    return { ...service, name: own, ports, access: renameAccess(service.access, name) };
  }
  const consumes = service.consumes.map((entry) => {
    const provider = name(entry.service);
    const port = entry.port === undefined ? undefined : portName(renames, provider, entry.port);
    return { ...entry, service: provider, port };
  });
  if (service.kind === 'task') return { ...service, name: own, ports, consumes };
  return { ...service, name: own, ports, consumes, access: renameAccess(service.access, name) };
}

const renameAccess = (access: Access | undefined, name: (old: string) => string): Access | undefined =>
  access && {
    from: access.from?.map(name),
    browser: access.browser === 'any' ? access.browser : access.browser?.map(name),
    formPosts: access.formPosts,
  };

function renamePort(port: Port, oldService: string, service: string, renames: Renames): Port {
  const name = portName(renames, service, port.name);
  const hosts = port.hosts.map((label) => {
    if (label === oldService) return service;
    return label === `${port.name}.${oldService}` ? `${name}.${service}` : label;
  });
  return { ...port, name, hosts };
}

const portName = (renames: Renames, service: string, old: string): string =>
  renames.ports.get(service)?.get(old) ?? old;
