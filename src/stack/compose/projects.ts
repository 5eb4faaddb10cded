/** How the Compose projects of a prepared stack are called: its own, and the one that all branches share. */
import { join } from 'node:path';

import { canPublish } from '../../compose/publications.ts';
import type { Home } from '../../lib/home.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import { openUsers, type Users } from '../../runtime/compose/users.ts';
import type { PreparedStack } from '../prepare.ts';
import type { ComposeStack } from './prepare.ts';
import { composeFolder, storeOverride } from './store.ts';

export interface Projects {
  readonly own: ComposeCall;
  readonly shared?: SharedProject | undefined;
}

export interface SharedProject {
  readonly call: ComposeCall;
  readonly users: Users;
}

/** Writes the overrides. Undefined without a project, or without Compose. */
export async function storeProjects(
  home: Home,
  { compose, stack }: Pick<PreparedStack, 'compose' | 'stack'>,
): Promise<Projects | undefined> {
  const binary = compose?.binary;
  if (compose === undefined || binary === undefined) return undefined;
  const callFor = async (project: ComposeStack): Promise<ComposeCall> => ({
    ...project.call,
    binary,
    files: [...project.files, await storeOverride(home, project)],
    // Whatever its profile, a service that is wanted is started.
    profiles: ['*'],
  });
  const own = await callFor(compose);
  if (compose.shared === undefined) return { own };
  const { root, environment, slug } = stack;
  const path = join(composeFolder(home), `${compose.shared.title}.users.json`);
  return {
    own,
    shared: {
      call: await callFor(compose.shared),
      users: openUsers(path, { root, environment, slug }),
    },
  };
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
