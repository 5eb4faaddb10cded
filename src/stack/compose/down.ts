/** The end of a stack's containers: what the contract wants cleaned up, then what nobody uses any more is removed. */
import { nameInContract } from '../../contract/called.ts';
import { messageOf } from '../../lib/errors.ts';
import { runCleanup } from '../../runtime/compose/cleanup.ts';
import { ask, askEither, isMadeWith, type ProjectCalls } from '../../runtime/compose/calls.ts';
import { engineOf, killContainers, listContainers, projectOf } from '../../runtime/compose/containers.ts';
import { findForeign } from '../../runtime/compose/foreign.ts';
import { isAlive, type Container } from '../../runtime/engine/containers.ts';
import { listVolumeNames } from '../../runtime/engine/leftovers.ts';
import { describeUsed, usedNetworksOf } from '../../runtime/engine/networks.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import type { StartFailure } from '../../runtime/instance.ts';
import type { PreparedStack } from '../prepare.ts';
import { noteNameless, type NamelessVolume } from './nameless.ts';
import type { Projects, SharedProject, UnreadProjects } from './projects.ts';
import { titleAmong } from './store.ts';

/** Milliseconds. */
const DOWN_TIMEOUT = 120_000;

interface Chore {
  /** In the contract. */
  readonly name: string;
  /** In the project. */
  readonly service: string;
  readonly command: string | readonly string[];
  /** By labels: what runs is asked. */
  readonly call: ComposeCall;
}

/**
 * Whether there is anything that `takeDown` would remove, or let go of: of the containers in the project those that
 * portramp made, and those of services that its files have.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function isUp(
  { compose }: Pick<PreparedStack, 'compose'>,
  { own, held }: Projects,
): Promise<boolean> {
  const all = await listContainers(own.byLabels);
  const isNamed = ({ service }: Container): boolean => compose?.project.services.has(service) === true;
  const containers = all.filter((each) => isMadeWith(own, each) || isNamed(each));
  const isOwn = containers.length > 0 && (await findForeign(containers, own.folders)) === undefined;
  if (isOwn || (await held.users.own()).length > 0) return true;
  return (await held.users.areFree()) && (await listContainers(held.byLabels)).length > 0;
}

/**
 * Removes the containers and networks of the stack, and what all branches share when no other stack uses it. A cleanup
 * that fails is told, and stops nothing. Undefined when all is gone, else why not.
 * @param atOnce Aborted when nothing is to be waited for any more: the stack's own containers are killed, and no cleanup
 * is begun.
 */
export async function takeDown(
  { services, stack }: Pick<PreparedStack, 'services' | 'stack'>,
  { own, shared, held }: Projects,
  say: (text: string) => void,
  atOnce?: AbortSignal,
): Promise<StartFailure | undefined> {
  const used = await held.users.own();
  const chores = [...services.values()].flatMap(({ name, service }): Chore[] => {
    if (service.kind !== 'compose' || service.cleanup === undefined) return [];
    const chore = { name, service: service.compose, command: service.cleanup };
    if (service.scope === 'stack') return [{ ...chore, call: own.byLabels }];
    return shared !== undefined && used.includes(chore.service) ? [{ ...chore, call: shared.byLabels }] : [];
  });
  const nameOf = (service: string): string =>
    nameInContract(
      service,
      [...services.values()].map((each) => each.service),
    );
  const variables = { PORTRAMP_STACK: stack.slug, PORTRAMP_WORKSPACE: stack.workspace };
  // `down` is going to say why they cannot be listed.
  const there = await listContainers(own.byLabels).catch(() => []);
  const areOthers = (await findForeign(there, own.folders)) !== undefined;
  const kill = (): void => void (areOthers || killContainers(own.byLabels, there));
  if (atOnce?.aborted === true) kill();
  atOnce?.addEventListener('abort', kill, { once: true });
  for (const chore of await readyChores(own, areOthers ? [] : there, chores)) {
    if (atOnce?.aborted === true) {
      say(`the cleanup of ${chore.name} was not run: the stack was told to end at once`);
      continue;
    }
    const problem = await runCleanup(chore.call, { ...chore, variables });
    if (problem !== undefined) say(`the cleanup of ${chore.name} failed: ${problem}`);
  }
  if (!areOthers) await noteData(own.byLabels, there, nameOf);
  const failure = areOthers ? undefined : await removeOwn(own);
  atOnce?.removeEventListener('abort', kill);
  // What the stack had of its own is in the way of nobody else.
  const left = await letGo(held, used, say, nameOf);
  if (failure === undefined && !areOthers) await tellNetworks(own.byLabels, say);
  return failure ?? left;
}

/** Names the networks that outlive the project: Compose leaves those that somebody is on, and says nothing of it. */
async function tellNetworks(byLabels: ComposeCall, say: (text: string) => void): Promise<void> {
  const used = await usedNetworksOf(engineOf(byLabels), projectOf(byLabels)).catch(() => []);
  for (const network of used) say(describeUsed(network));
}

/**
 * Removes the same of a stack whose files cannot be read: what portramp had made for it, by labels. No cleanup is run.
 * Undefined where nothing was there. @throws PortrampError ENGINE_UNREACHABLE
 */
export async function takeDownUnread(
  { title, own, held }: UnreadProjects,
  say: (text: string) => void,
): Promise<{ readonly failure?: StartFailure | undefined } | undefined> {
  let failure: StartFailure | undefined;
  let wasUp = false;
  for (const call of own) {
    const there = await listContainers(call);
    const made = there.filter(({ configFiles }) => titleAmong(configFiles, call.cwd) === title);
    if (made.length === 0) continue;
    wasUp = true;
    await noteData(call, made);
    const problem = await removeMade(call, made, there);
    if (problem === undefined) await tellNetworks(call, say);
    else failure = problem;
  }
  const used = (await held?.users.own()) ?? [];
  const isFree = held !== undefined && (await held.users.areFree());
  if (
    held === undefined ||
    (used.length === 0 && !(isFree && (await listContainers(held.byLabels)).length > 0))
  )
    return wasUp ? { failure } : undefined;
  const left = await letGo(held, used, say);
  return { failure: failure ?? left };
}

const asItIs = (service: string): string => service;

/**
 * Writes down what has no name, of containers that go, and tell whose it is no more then. Lists what there is of it.
 * @param nameOf Of a service of the project, in the contract.
 */
export async function noteData(
  byLabels: ComposeCall,
  there: readonly Container[],
  nameOf: (service: string) => string = asItIs,
): Promise<readonly NamelessVolume[]> {
  const found = there.flatMap(({ service, nameless }) =>
    nameless.map((name) => ({ service: nameOf(service), name })),
  );
  const existing = await listVolumeNames(engineOf(byLabels)).catch(() => undefined);
  if (existing === undefined) return [];
  await noteNameless(byLabels.cwd, projectOf(byLabels), found, existing);
  return found.filter(({ name }) => existing.has(name));
}

/** Removes the containers, with the networks too where nobody else has anything in the project. */
async function removeMade(
  byLabels: ComposeCall,
  made: readonly Container[],
  there: readonly Container[],
): Promise<StartFailure | undefined> {
  // With the networks, also those of services that the files have lost, whose containers are gone.
  if (made.length === there.length) return ask(byLabels, ['down'], DOWN_TIMEOUT);
  const services = new Set(made.map(({ service }) => service));
  return services.size > 0
    ? ask(byLabels, ['rm', '--force', '--stop', ...services], DOWN_TIMEOUT)
    : undefined;
}

/** Stops those who may be using what is cleaned up. Those of the stack that did not run are left out. */
async function readyChores(
  own: ProjectCalls,
  there: readonly Container[],
  chores: readonly Chore[],
): Promise<readonly Chore[]> {
  if (chores.length === 0) return [];
  const running = new Set(there.filter(isAlive).map(({ service }) => service));
  const isKept = (service: string): boolean =>
    chores.some((chore) => chore.call === own.byLabels && chore.service === service);
  const users = [...running].filter((service) => !isKept(service));
  if (users.length > 0) await askEither(own, ['stop', ...users], DOWN_TIMEOUT);
  return chores.filter(({ call, service }) => call !== own.byLabels || running.has(service));
}

/**
 * Removes what the files speak of, then what is left of what they spoke of once. Containers that portramp did not make,
 * and of which the files say nothing, belong to somebody else.
 */
async function removeOwn(own: ProjectCalls): Promise<StartFailure | undefined> {
  const failure = await ask(own.call, ['down'], DOWN_TIMEOUT);
  let left: readonly Container[];
  try {
    left = await listContainers(own.byLabels);
  } catch (error) {
    return failure ?? { message: messageOf(error) };
  }
  const made = left.filter((container) => isMadeWith(own, container));
  if (failure === undefined && made.length === 0 && left.length > 0) return undefined;
  const unremoved = await removeMade(own.byLabels, made, left);
  return unremoved ?? (made.length === left.length ? undefined : failure);
}

async function letGo(
  { byLabels, users }: Pick<SharedProject, 'byLabels' | 'users'>,
  services: readonly string[],
  say: (text: string) => void,
  nameOf = asItIs,
): Promise<StartFailure | undefined> {
  // One that was stopped before has no user any more.
  if (services.length === 0 && !(await users.areFree())) return undefined;
  return users.end(services, async ({ unused, isLast }) => {
    const there = await listContainers(byLabels).catch(() => []);
    await noteData(
      byLabels,
      there.filter(({ service }) => isLast || unused.includes(service)),
      nameOf,
    );
    if (isLast) {
      const failure = await ask(byLabels, ['down'], DOWN_TIMEOUT);
      if (failure === undefined) await tellNetworks(byLabels, say);
      return failure;
    }
    return unused.length === 0
      ? undefined
      : ask(byLabels, ['rm', '--force', '--stop', ...unused], DOWN_TIMEOUT);
  });
}
