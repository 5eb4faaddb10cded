/** How the Compose projects of a prepared stack are called: its own, and the one that all branches share. */
import { join } from 'node:path';

import { canPublish } from '../../compose/publications.ts';
import type { Home } from '../../lib/home.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import { openUsers, type Users } from '../../runtime/compose/users.ts';
import type { PreparedStack } from '../prepare.ts';
import { sharedProjectName, type ComposeStack } from './prepare.ts';
import { composeFolder, storeOverride } from './store.ts';

export interface Projects {
  readonly own: ComposeCall;
  /** As the contract has it now. */
  readonly shared?: SharedProject | undefined;
  /** What the stack may be using of it, also when the contract speaks of it no more. */
  readonly held: SharedProject;
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
  const { root, environment, slug } = stack;
  const title = sharedProjectName(stack);
  const users = openUsers(join(composeFolder(home), `${title}.users.json`), { root, environment, slug });
  const own = await callFor(compose);
  const shared = compose.shared && { call: await callFor(compose.shared), users };
  return { own, shared, held: { call: callByLabels(own, composeFolder(home), title), users } };
}

/** The project without its files: all that has its name, whatever the files of today say. */
const callByLabels = (call: ComposeCall, cwd: string, projectName: string): ComposeCall => ({
  binary: call.binary,
  cwd,
  environment: { ...call.environment, COMPOSE_FILE: undefined },
  options: [],
  files: [],
  profiles: [],
  projectName,
});

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
