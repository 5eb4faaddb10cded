/**
 * Whose the data of a Compose project is, as portramp wrote it down when a start had succeeded: a volume names no folder,
 * and containers, which do, are gone after `down`.
 */
import { mkdir, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import type { Home } from '../../lib/home.ts';
import { isFolderGone } from '../../lib/gone-folder.ts';
import { readStateFile } from '../../lib/state-file.ts';
import { locateCheckout, type CheckoutPlace } from '../../lib/whereabouts.ts';
import { projectOf, engineOf } from '../../runtime/compose/containers.ts';
import type { DataOwner } from '../../runtime/compose/calls.ts';
import { describeForeignData } from '../../runtime/compose/foreign.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import { volumesOf } from '../../runtime/engine/leftovers.ts';
import type { ComposeStack } from './prepare.ts';
import { isCalledByFolder } from './naming.ts';
import { writeStarted } from './started.ts';
import { composeFolder } from './store.ts';

const owner = z.object({
  root: z.string(),
  /** The project's folder, within its repository where it is in one; absent in a record of an older version. */
  place: z.string().optional(),
  git: z.object({ top: z.string(), common: z.string(), own: z.string() }).optional(),
});

const ownerPath = (home: Home, project: string): string => join(composeFolder(home), `${project}.owner.json`);

/** Checkout that started a project last. */
export type Owner = CheckoutPlace & { readonly place?: string | undefined };

/** Reads which checkout started the project last; undefined where that was not written down, or is damaged. */
export async function readOwner(home: Home, project: string): Promise<Owner | undefined> {
  const text = await readStateFile(ownerPath(home, project)).catch(() => undefined);
  try {
    return text === undefined ? undefined : owner.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Reads those of several projects. */
export async function listOwners(
  home: Home,
  projects: readonly string[],
): Promise<ReadonlyMap<string, CheckoutPlace>> {
  const owners = new Map<string, CheckoutPlace>();
  for (const project of new Set(projects)) {
    const found = await readOwner(home, project);
    if (found !== undefined) owners.set(project, found);
  }
  return owners;
}

/** Forgets whose data it was, when there is none left. */
export const forgetOwner = (home: Home, project: string): Promise<void> =>
  rm(ownerPath(home, project), { force: true });

/**
 * @param byLabels Names the project.
 * @param isStart Whether the stack is in that project from then on, and not for one command alone.
 */
export function createDataOwner(
  home: Home,
  compose: Pick<ComposeStack, 'stack' | 'checkout' | 'filesName' | 'project' | 'directory'>,
  byLabels: ComposeCall,
  isStart: boolean,
): DataOwner {
  const { stack, checkout, filesName: files } = compose;
  const project = projectOf(byLabels);
  const top = checkout.git?.top ?? stack.root;
  const place = checkout.git === undefined ? compose.directory : relative(top, compose.directory);
  const own: Owner = { root: stack.root, git: checkout.git, place };
  const isOther = async (recorded: Owner): Promise<boolean> =>
    isCalledByFolder(compose) &&
    recorded.place !== undefined &&
    recorded.place !== own.place &&
    // A folder that was moved within the checkout takes its data with it.
    !(await isFolderGone(resolve(top, recorded.place)));
  return {
    refuse: async () => {
      const folder = await findOther(await readOwner(home, project), own, isOther);
      if (folder === undefined) return undefined;
      const names = (await volumesOf(engineOf(byLabels), project)).map(({ name }) => name);
      return names.length === 0 ? undefined : describeForeignData(project, folder, names);
    },
    take: async () => {
      await mkdir(composeFolder(home), { recursive: true, mode: 0o700 });
      await writeFileAtomic(ownerPath(home, project), `${JSON.stringify(own)}\n`);
      if (isStart && files !== undefined) await writeStarted(home, stack, { project, files });
    },
  };
}

/**
 * The folder of another checkout that is there, or may be; undefined where what is recorded is this one, or gone.
 * @param isOther Whether a project of this checkout is another one all the same
 */
async function findOther(
  recorded: Owner | undefined,
  own: Owner,
  isOther: (recorded: Owner) => Promise<boolean>,
): Promise<string | undefined> {
  if (recorded === undefined) return undefined;
  if (isSameCheckout(recorded, own)) return (await isOther(recorded)) ? recorded.root : undefined;
  const where = await locateCheckout(recorded);
  if (where.kind === 'gone') return undefined;
  if (where.kind !== 'moved') return recorded.root;
  return isSameCheckout({ ...recorded, root: where.to }, own) ? undefined : where.to;
}

/** Several folders of one checkout may have a contract, or a Compose file: a name that is written there is a decision. */
function isSameCheckout(one: CheckoutPlace, other: CheckoutPlace): boolean {
  const [first, second] = [one.git, other.git];
  // The folder that git keeps for a worktree has the same name wherever the worktree is.
  if (typeof first === 'object' && typeof second === 'object') return first.own === second.own;
  return isWithin(one.root, other.root) || isWithin(other.root, one.root);
}

function isWithin(folder: string, place: string): boolean {
  const way = relative(place, folder);
  return !isAbsolute(way) && way.split(/[\\/]/)[0] !== '..';
}
