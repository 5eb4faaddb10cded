/** How the Compose projects of a prepared stack are called: its own, and the one that all branches share. */
import { join } from 'node:path';

import { canPublish } from '../../compose/publications.ts';
import type { Home } from '../../lib/home.ts';
import { callByLabels, type ProjectCalls } from '../../runtime/compose/calls.ts';
import { openUsers, type Users } from '../../runtime/compose/users.ts';
import type { PreparedStack } from '../prepare.ts';
import { sharedProjectName, type ComposeStack } from './prepare.ts';
import { composeFolder, storeOverride } from './store.ts';

export interface Projects {
  readonly own: ProjectCalls;
  /** As the contract has it now. */
  readonly shared?: SharedProject | undefined;
  /** What the stack may be using of it, also when the contract speaks of it no more. */
  readonly held: Pick<SharedProject, 'byLabels' | 'users'>;
}

export interface SharedProject extends ProjectCalls {
  readonly users: Users;
}

/** Writes the overrides. Undefined without a project, or without Compose. */
export async function storeProjects(
  home: Home,
  { compose, stack }: Pick<PreparedStack, 'compose' | 'stack'>,
): Promise<Projects | undefined> {
  const binary = compose?.binary;
  if (compose === undefined || binary === undefined) return undefined;
  const folder = composeFolder(home);
  const callsFor = async (project: ComposeStack): Promise<ProjectCalls> => {
    const files = [...project.files, await storeOverride(home, project)];
    // Whatever its profile, a service that is wanted is started.
    const call = { ...project.call, binary, files, profiles: ['*'] };
    return { call, byLabels: callByLabels(call, folder, project.project.name) };
  };
  const { root, environment, slug } = stack;
  const title = sharedProjectName(stack);
  const users = openUsers(join(folder, `${title}.users.json`), { root, environment, slug });
  const own = { ...(await callsFor(compose)), folders: [root, compose.directory] };
  const shared = compose.shared && { ...(await callsFor(compose.shared)), users };
  return { own, shared, held: { byLabels: callByLabels(own.call, folder, title), users } };
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
