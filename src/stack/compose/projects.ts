/** How the Compose projects of a prepared stack are called: its own, and the one that all branches share. */
import { join } from 'node:path';

import type { Home } from '../../lib/home.ts';
import { callByLabels, type ProjectCalls } from '../../runtime/compose/calls.ts';
import { openUsers, type Users } from '../../runtime/compose/users.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import type { PreparedStack } from '../prepare.ts';
import { createDataOwner } from './owner.ts';
import { foldersOf, sharedProjectName } from './naming.ts';
import type { ComposeStack } from './prepare.ts';
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

/** Writes the overrides. @param scales As in `storeOverride`. Undefined without a project, or without Compose. */
export async function storeProjects(
  home: Home,
  { compose, stack }: Pick<PreparedStack, 'compose' | 'stack'>,
  scales?: ReadonlyMap<string, number>,
): Promise<Projects | undefined> {
  const binary = compose?.binary;
  if (compose === undefined || binary === undefined) return undefined;
  const folder = composeFolder(home);
  const callsFor = async (project: ComposeStack): Promise<ProjectCalls> => {
    const files = [...project.files, await storeOverride(home, project, scales)];
    // Whatever its profile, a service that is wanted is started.
    const call = { ...project.call, binary, files, profiles: ['*'] };
    return { call, byLabels: callByLabels(call, folder, project.project.name) };
  };
  const { root, environment, slug } = stack;
  const title = sharedProjectName(stack);
  const users = openUsers(usersFile(home, title), { root, environment, slug });
  const calls = await callsFor(compose);
  const data = createDataOwner(home, compose, calls.byLabels, true);
  const own = { ...calls, folders: foldersOf(compose), data };
  const shared = compose.shared && { ...(await callsFor(compose.shared)), users };
  return { own, shared, held: { byLabels: callByLabels(own.call, folder, title), users } };
}

/** Projects as records and labels know them, of a stack whose contract or Compose files cannot be read. */
export interface UnreadProjects {
  /** The slug: the overrides of its containers are called so. */
  readonly title: string;
  readonly own: readonly ComposeCall[];
  readonly held?: Projects['held'] | undefined;
}

/** @param names Of the Compose projects. @param stack Absent where the ledger has lost it. */
export function unreadProjects(
  home: Home,
  call: Pick<ComposeCall, 'binary' | 'environment'>,
  {
    title,
    names,
    stack,
  }: { readonly title: string; readonly names: readonly string[]; readonly stack?: Identity | undefined },
): UnreadProjects {
  const folder = composeFolder(home);
  const own = names.map((name) => callByLabels(call, folder, name));
  if (stack === undefined) return { title, own };
  const { root, environment, slug } = stack;
  const shared = sharedProjectName(stack);
  const users = openUsers(usersFile(home, shared), { root, environment, slug });
  return { title, own, held: { byLabels: callByLabels(call, folder, shared), users } };
}

type Identity = Pick<PreparedStack['stack'], 'root' | 'environment' | 'slug' | 'workspace' | 'workspaceId'>;

/** @param title Of what all branches share. */
export const usersFile = (home: Home, title: string): string =>
  join(composeFolder(home), `${title}.users.json`);
