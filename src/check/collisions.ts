/**
 * Where two stacks of one Compose project meet. From the project as Compose resolves it where there is one, so that what
 * is included, extended or made from variables counts too; else from the files as they stand.
 */
import { pinsOf, type Pin } from '../compose/names.ts';
import { publicationsOf, unmovableServices } from '../compose/publications.ts';
import type { ComposeProject } from '../compose/model.ts';
import type { Position } from '../contract/diagnostic.ts';
import type { ComposeFile, ComposeService, PinnedName } from './facts/compose-file.ts';
import type { Facts } from './facts/facts.ts';

export interface Collisions {
  readonly names: readonly CollidingName[];
  /** Services on the host's network. */
  readonly hosts: readonly { readonly service: string; readonly at: Position }[];
  readonly ports: readonly CollidingPort[];
}

export interface CollidingName {
  readonly kind: PinnedName['kind'] | 'addresses';
  /** Its key in the Compose file. */
  readonly key: string;
  readonly name: string;
  readonly at: Position;
}

export interface CollidingPort {
  readonly service: string;
  /** On this machine: a number, or a range of them. */
  readonly published: string;
  readonly at: Position;
}

/**
 * @param shared Services that there is only one of, by their names in the project.
 * @param kept What the contract shares on purpose, as `volumes.NAME`.
 */
export function findCollisions(
  { compose, project }: Pick<Facts, 'compose' | 'project'>,
  shared: ReadonlySet<string>,
  kept: ReadonlySet<string> = new Set(),
): Collisions {
  const found = project === undefined ? fromFiles(compose) : fromProject(project, compose);
  const isKept = ({ kind, key }: CollidingName): boolean =>
    kept.has(`${SECTIONS[kind]}.${key}`) || (kind === 'container' && shared.has(key));
  return {
    names: found.names.filter((name) => !isKept(name)),
    hosts: found.hosts.filter(({ service }) => !shared.has(service)),
    ports: found.ports.filter(({ service }) => !shared.has(service)),
  };
}

const SECTIONS = { container: 'services', volume: 'volumes', network: 'networks', addresses: 'networks' };

const fromFiles = (files: readonly ComposeFile[]): Collisions => ({
  names: files.flatMap(({ services, pinned }) => [
    ...services.flatMap(({ containerName }) => containerName ?? []),
    ...pinned,
  ]),
  hosts: files.flatMap(({ services }) =>
    services.flatMap(({ name, hostNetwork }) =>
      hostNetwork === undefined ? [] : [{ service: name, at: hostNetwork }],
    ),
  ),
  ports: files.flatMap(({ services }) =>
    services.flatMap(({ name, ports }) =>
      ports.flatMap(({ published, at }) =>
        published === undefined ? [] : [{ service: name, published: String(published), at }],
      ),
    ),
  ),
});

function fromProject(project: ComposeProject, files: readonly ComposeFile[]): Collisions {
  const kept = new Set(project.share);
  const serviceIn = (name: string): ComposeService | undefined =>
    files.flatMap(({ services }) => services).findLast((service) => service.name === name);
  // What no file shows as it stands comes from one that is included, or from a variable.
  const start: Position = { file: files[0]?.file ?? 'compose.yaml', line: 1, column: 1 };
  const placeOf = (name: string): Position => serviceIn(name)?.at ?? start;
  const place = ({ kind, name, what }: Pin): Position => {
    if (kind === 'services') return serviceIn(name)?.containerName?.at ?? placeOf(name);
    const pinned = files.flatMap((file) => file.pinned);
    const written = pinned.findLast((each) => `${each.kind}s` === kind && each.key === name);
    return (what === 'address range' ? undefined : written?.at) ?? start;
  };
  return {
    names: pinsOf(project)
      .filter(({ kind, name }) => !kept.has(`${kind}.${name}`))
      .map((pin) => ({ kind: KINDS[pin.what], key: pin.name, name: pin.pinned, at: place(pin) })),
    hosts: unmovableServices(project)
      .filter(({ networkMode }) => networkMode === 'host')
      .map(({ service }) => ({ service, at: serviceIn(service)?.hostNetwork ?? placeOf(service) })),
    ports: publicationsOf(project).flatMap(({ service, target, protocol, published }) => {
      if (published === undefined) return [];
      const number = protocol === 'tcp' ? published : `${published}/${protocol}`;
      const written = serviceIn(service)?.ports.findLast((port) => port.target === target);
      return [{ service, published: number, at: written?.at ?? placeOf(service) }];
    }),
  };
}

const KINDS = {
  'container name': 'container',
  'volume name': 'volume',
  'network name': 'network',
  'address range': 'addresses',
} as const satisfies Record<Pin['what'], CollidingName['kind']>;
