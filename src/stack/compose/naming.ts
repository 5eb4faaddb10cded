/** How the Compose projects of a stack are called: its own, and that of what all branches share. */
import { basename } from 'node:path';

import type { ComposeProject } from '../../compose/model.ts';
import { composeName } from '../../compose/names.ts';
import { DEFAULT_ENVIRONMENT } from '../../contract/contract.ts';
import { slugCandidates } from '../../plan/names.ts';
import type { StackIdentity } from '../../plan/plan.ts';
import { findOverruledName, namedProject } from './choices.ts';
import type { OpenProject } from './prepare.ts';
import { chooseProject } from './started.ts';

/** Names the workspace: the project's own name where a file says it, else that of the folder in the main checkout. */
export function workspaceOf({ first, directory, checkout }: OpenProject): string {
  return toLabel(first.name === composeName(basename(directory)) ? checkout.name : first.name);
}

/**
 * The main checkout keeps project, container and volume names, else its first run would show an empty database. A second
 * clone of the same name (its slug carries a hash) does not: it would take over the first one's containers.
 */
export function keepsNames(stack: StackIdentity): boolean {
  const [, ...hashed] = slugCandidates(stack);
  return stack.main && stack.environment === DEFAULT_ENVIRONMENT && !hashed.includes(stack.slug);
}

export function nameInMain({ directory, root, checkout, first }: OpenProject): string {
  const isFolderName = directory === root && first.name === composeName(basename(directory));
  return isFolderName ? composeName(checkout.name) : first.name;
}

const toLabel = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'stack';

/**
 * Names the project of a stack; without a name where Compose itself finds it.
 * @throws PortrampError USAGE where a person means another one
 */
export async function nameFor(
  { query, first }: OpenProject,
  stack: StackIdentity,
): Promise<{ readonly name: string | undefined; readonly notice?: string | undefined }> {
  const { arguments: asked, ambient, place } = query;
  if (!keepsNames(stack)) {
    const own = stack.slug;
    return { name: own, notice: findOverruledName({ own, arguments: asked, ambient }) };
  }
  const chosen = await chooseProject({
    purpose: 'use',
    standingOf: () => Promise.resolve('nothing'),
    ...place,
    files: first.name,
    arguments: asked,
    ambient,
  });
  // A name may be made from variables that only this stack is told.
  const isFound = chosen.name === (namedProject({ arguments: asked, ambient }) ?? first.name);
  return isFound ? { ...chosen, name: asked.projectName } : chosen;
}

/** Whether the project is called as its folder is: then nobody wrote the name down, and another folder may have it too. */
export const isCalledByFolder = ({
  project,
  directory,
}: {
  readonly project: Pick<ComposeProject, 'name'>;
  readonly directory: string;
}): boolean => project.name === composeName(basename(directory));

/** The folders in which the containers of the project may have been made: anywhere in the checkout, where that is a decision. */
export const foldersOf = ({
  stack,
  ...project
}: Parameters<typeof isCalledByFolder>[0] & { readonly stack: Pick<StackIdentity, 'root'> }): string[] =>
  isCalledByFolder(project) ? [project.directory] : [stack.root, project.directory];

/** No slug has a `_` in it; the hash tells two clones of a repository apart. */
export const sharedProjectName = ({
  workspace,
  workspaceId,
  environment,
}: Pick<StackIdentity, 'workspace' | 'workspaceId' | 'environment'>): string =>
  [
    workspace,
    ...(environment === DEFAULT_ENVIRONMENT ? [] : [environment]),
    'shared',
    workspaceId.slice(0, 6),
  ].join('_');
