/** What keeps a container from the networks that it belongs on, although it may well run. Pure. */
import type { NetworkOwner } from '../engine/attachment.ts';
import type { Container } from '../engine/containers.ts';

export type Detachment =
  /** Somebody took it off every network. */
  | { readonly kind: 'cut-off' }
  /** Somebody took it off these. */
  | { readonly kind: 'missing'; readonly networks: readonly string[] }
  /** It shares the network of a container that is gone. */
  | { readonly kind: 'orphaned' }
  /** It shares that of one that does not run. */
  | { readonly kind: 'bereft'; readonly owner: NetworkOwner }
  /** It shares that which the other had before it was started again. */
  | { readonly kind: 'outdated'; readonly owner: NetworkOwner };

type Attached = Pick<Container, 'attachment' | 'startedAt'>;

/** @param wanted Names of the networks that it is to be on. */
export function findDetachment(
  { attachment, startedAt }: Attached,
  wanted: readonly string[],
): Detachment | undefined {
  switch (attachment.kind) {
    case 'networks': {
      if (attachment.networks.length === 0) return { kind: 'cut-off' };
      const names = new Set(attachment.networks.map(({ name }) => name));
      const networks = wanted.filter((name) => !names.has(name));
      return networks.length === 0 ? undefined : { kind: 'missing', networks };
    }
    case 'shared': {
      const { owner } = attachment;
      if (owner === undefined) return { kind: 'orphaned' };
      if (!HOLDING.includes(owner.state)) return { kind: 'bereft', owner };
      return Date.parse(owner.startedAt) > Date.parse(startedAt) ? { kind: 'outdated', owner } : undefined;
    }
    case 'apart':
      return undefined;
  }
}

/** States in which a container has a network that others can share. */
const HOLDING: readonly string[] = ['running', 'paused'];

/**
 * Whether a start would leave the container as it is, or fail: only one that is made anew is where it belongs.
 * @param existing Ids and names of the networks that there are; absent where that was not asked.
 */
export function mustBeMadeAnew(
  container: Attached,
  wanted: readonly string[],
  existing?: ReadonlySet<string>,
): boolean {
  const detachment = findDetachment(container, wanted)?.kind;
  if (detachment === 'cut-off' || detachment === 'missing' || detachment === 'orphaned') return true;
  const { attachment } = container;
  if (attachment.kind !== 'networks' || existing === undefined) return false;
  return attachment.networks.some(({ id }) => id !== '' && !existing.has(id));
}

/** What is wrong, for a person, and what to type. @param container Its name. @param service Its name in the contract. */
export function describeDetachment(container: string, service: string, detachment: Detachment): string {
  switch (detachment.kind) {
    case 'cut-off':
      return `its container ${container} is on no network any more: "portramp restart ${service}" puts it on its own again`;
    case 'missing': {
      const { networks } = detachment;
      const which = `the network${networks.length === 1 ? '' : 's'} ${networks.join(', ')}`;
      return `its container ${container} is not on ${which}: "portramp restart ${service}" puts it there`;
    }
    case 'orphaned':
      return `its container ${container} has the network of one that is gone: "portramp restart ${service}" gives it that of the new one`;
    case 'bereft':
      return `its container ${container} has the network of ${detachment.owner.name}, which does not run: start that one, then "portramp restart ${service}"`;
    case 'outdated':
      return `its container ${container} has the network that ${detachment.owner.name} had before it was started again: "portramp restart ${service}" gives it that of now`;
  }
}
