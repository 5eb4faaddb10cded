/**
 * A project of which some services run elsewhere: what all branches share is a project of its own, and each stack's
 * project is the rest. Pure.
 */
import type { Finding } from '../contract/finding.ts';
import type { Contract } from '../contract/contract.ts';
import type { ComposeProject, ComposeService } from './model.ts';

/** The project without these services, and without what only they used: as `config` shows it when they are reset. */
export function withoutServices(project: ComposeProject, omitted: ReadonlySet<string>): ComposeProject {
  if (omitted.size === 0) return project;
  const services = new Map(
    [...project.services]
      .filter(([name]) => !omitted.has(name))
      .map(([name, service]) => [name, withoutDependencies(service, omitted)]),
  );
  const left = [...services.values()];
  const volumes = new Set(left.flatMap((service) => service.volumes));
  const networks = new Set(left.flatMap((service) => [...service.networks.keys()]));
  return {
    ...project,
    services,
    volumes: new Map([...project.volumes].filter(([key]) => volumes.has(key))),
    networks: new Map([...project.networks].filter(([key]) => networks.has(key))),
  };
}

const withoutDependencies = (service: ComposeService, omitted: ReadonlySet<string>): ComposeService => ({
  ...service,
  dependsOn: new Map([...service.dependsOn].filter(([name]) => !omitted.has(name))),
});

/** Of the services that stay, what each depends on among those that do not. */
export function lostDependencies(
  project: ComposeProject,
  omitted: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const lost = [...project.services.values()]
    .filter(({ name }) => !omitted.has(name))
    .map(({ name, dependsOn }) => [name, [...dependsOn.keys()].filter((each) => omitted.has(each))] as const);
  return new Map(lost.filter(([, names]) => names.length > 0));
}

/** The services of the project that all branches share, by their names there. */
export const sharedServices = ({ services }: Contract): Set<string> =>
  new Set(
    [...services.values()].flatMap((service) =>
      service.kind === 'compose' && service.scope === 'workspace' ? [service.compose] : [],
    ),
  );

/** What ties a shared service to one that is not: neither project could have it. */
export function findTies(contract: Contract, project: ComposeProject): Finding[] {
  const shared = sharedServices(contract);
  return [...contract.services.values()].flatMap((service): Finding[] => {
    const found = service.kind === 'compose' ? project.services.get(service.compose) : undefined;
    if (service.kind !== 'compose' || found === undefined) return [];
    const at = ['services', service.name, 'compose'];
    if (!shared.has(found.name)) {
      return holdsOf(found)
        .filter(([, name]) => shared.has(name))
        .map(([field, name]) => ({
          at,
          message: `${found.name} has ${field} of ${name}, which all branches share`,
          hint: `write scope: workspace for ${found.name} too`,
        }));
    }
    const own = [...found.dependsOn.keys(), ...holdsOf(found).map(([, name]) => name)].find(
      (name) => !shared.has(name) && project.services.has(name),
    );
    if (own === undefined) return [];
    const message = `all branches share ${found.name}, which depends on ${own} in the Compose file`;
    return [{ at, message, hint: `share that too: ${own}: { compose: ${own}, scope: workspace }` }];
  });
}

/** What it has of another service's container: network, processes, volumes. */
function holdsOf(service: ComposeService): [string, string][] {
  const modes = [
    ['the network', service.networkMode],
    ['the processes', service.pid],
    ['the memory', service.ipc],
  ] as const;
  return [
    ...modes.flatMap(([field, mode]): [string, string][] =>
      mode?.startsWith('service:') ? [[field, mode.slice('service:'.length)]] : [],
    ),
    ...service.volumesFrom
      .filter((source) => !source.startsWith('container:'))
      .map((source): [string, string] => ['the volumes', source.replace(/:.*/, '')]),
  ];
}
