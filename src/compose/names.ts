/**
 * Names that escape the project name, so that two stacks would meet in them: fixed container names, pinned names of
 * volumes and networks, fixed address ranges. Pure.
 *
 * The main checkout keeps all of them, else its first run would show an empty database. Every other stack releases
 * them, except those that the project or the contract says are shared.
 */
import type { ComposeProject } from './model.ts';

export type PinKind = 'services' | 'volumes' | 'networks';

/** Something of the project that bears a name of its own, whatever the project is called. */
export interface Pin {
  readonly kind: PinKind;
  /** Its key in the Compose file. */
  readonly name: string;
  /** What it is called, or the address range that it has. */
  readonly pinned: string;
  readonly what: 'container name' | 'volume name' | 'network name' | 'address range';
}

/** `keep` leaves every name alone; else all are released but those in `share`, written `volumes.NAME`. */
export type NamePolicy =
  | { readonly names: 'keep' }
  | {
      readonly names: 'release';
      readonly share: ReadonlySet<string>;
      /** What the project is called in the main checkout: shared things bear that name. */
      readonly mainName: string;
    };

/** Every pin of the project. What Compose does not manage (`external`) is none. */
export function pinsOf(project: ComposeProject): Pin[] {
  const services = [...project.services.values()].flatMap(({ name, containerName }): Pin[] =>
    containerName === undefined || isOwn(containerName, project)
      ? []
      : [{ kind: 'services', name, pinned: containerName, what: 'container name' }],
  );
  const volumes = [...project.volumes].flatMap(([name, volume]): Pin[] =>
    volume.external || isOwn(volume.name, project)
      ? []
      : [{ kind: 'volumes', name, pinned: volume.name, what: 'volume name' }],
  );
  const networks = [...project.networks].flatMap(([name, network]): Pin[] => {
    if (network.external) return [];
    const pins: Pin[] = isOwn(network.name, project)
      ? []
      : [{ kind: 'networks', name, pinned: network.name, what: 'network name' }];
    const [subnet] = network.subnets;
    if (subnet !== undefined) pins.push({ kind: 'networks', name, pinned: subnet, what: 'address range' });
    return pins;
  });
  return [...services, ...volumes, ...networks];
}

/** Whether the policy takes the pin away in this stack. */
export const isReleased = (pin: Pin, policy: NamePolicy): boolean =>
  policy.names === 'release' && !policy.share.has(`${pin.kind}.${pin.name}`);

/** Volumes and networks without a name of their own that are to be those of the main checkout: key → name. */
export function sharedNames(
  project: ComposeProject,
  kind: 'volumes' | 'networks',
  policy: NamePolicy,
): Map<string, string> {
  if (policy.names === 'keep') return new Map();
  return new Map(
    [...project[kind]]
      .filter(
        ([key, { name, external }]) =>
          !external && policy.share.has(`${kind}.${key}`) && isOwn(name, project),
      )
      .map(([key, { name }]) => [key, name.replace(project.name, policy.mainName)]),
  );
}

/** Names in the engine of volumes and networks that the stack has of the main checkout, whoever made them first. */
export function namesFromMain(project: ComposeProject, policy: NamePolicy): string[] {
  if (policy.names === 'keep') return [];
  return (['volumes', 'networks'] as const).flatMap((kind) => {
    const renamed = sharedNames(project, kind, policy);
    return [...project[kind]].flatMap(([key, { name, external }]) =>
      !external && policy.share.has(`${kind}.${key}`) ? [renamed.get(key) ?? name] : [],
    );
  });
}

/** What `share` may name, for "did you mean". */
export const shareableNames = (project: ComposeProject): string[] => [
  ...[...project.services.keys()].map((name) => `services.${name}`),
  ...[...project.volumes.keys()].map((name) => `volumes.${name}`),
  ...[...project.networks.keys()].map((name) => `networks.${name}`),
];

/** As Compose makes the name of a project from that of its folder. */
export const composeName = (folder: string): string =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');

/** A name made from the project's (`${COMPOSE_PROJECT_NAME}-db`) is another one in every stack. */
const isOwn = (name: string, project: ComposeProject): boolean =>
  looksOwn(name, project) && project.fixed?.has(name) !== true;

/** Whether the name has that of the project in it, as a word. */
function looksOwn(name: string, project: ComposeProject): boolean {
  const place = name.indexOf(project.name);
  if (place === -1) return false;
  const before = name.at(place - 1) ?? '';
  const after = name.at(place + project.name.length) ?? '';
  return (place === 0 || !/[a-z0-9]/.test(before)) && !/[a-z0-9]/.test(after);
}

/** What everything of the project is called: by kind and key. */
function namesOf(project: ComposeProject): Map<string, string> {
  const named = (kind: 'volumes' | 'networks'): [string, string][] =>
    [...project[kind]].map(([key, { name }]) => [`${kind}.${key}`, name]);
  const containers = [...project.services].flatMap(([key, { containerName }]): [string, string][] =>
    containerName === undefined ? [] : [[`services.${key}`, containerName]],
  );
  return new Map([...containers, ...named('volumes'), ...named('networks')]);
}

/**
 * Names that may be made from the project's, or only look so: `shop-db` in the project `shop`. Those that Compose gives
 * by itself (`shop_data`) are none.
 */
export const unclearNames = (project: ComposeProject): string[] =>
  [...namesOf(project)].flatMap(([place, name]) => {
    const isDefault = name === `${project.name}_${place.slice(place.indexOf('.') + 1)}`;
    return isDefault || !looksOwn(name, project) ? [] : [name];
  });

/** Tells which names are the same in the same project under another name. */
export function withFixedNames(project: ComposeProject, renamed: ComposeProject): ComposeProject {
  const others = namesOf(renamed);
  const same = [...namesOf(project)].filter(([place, name]) => others.get(place) === name);
  return { ...project, fixed: new Set(same.map(([, name]) => name)) };
}
