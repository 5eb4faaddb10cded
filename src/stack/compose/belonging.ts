/**
 * Who uses a Compose project, and whether all of these are proven gone: only then may it be removed. That nothing is
 * known of a project proves nothing, nor does the folder that a label names. Pure.
 */
import { dirname, isAbsolute, relative } from 'node:path';

import type { CheckoutPlace, Whereabouts } from '../../lib/whereabouts.ts';
import type { Made } from '../../runtime/engine/leftovers.ts';
import type { RunningStack, StackKey } from '../../protocol/messages.ts';
import { sharedProjectName } from './naming.ts';
import type { StoredOverride } from './store.ts';

/** Records that portramp wrote: each part may be lost without the others. */
export interface Records {
  /** The folder of the overrides. */
  readonly folder: string;
  readonly overrides: readonly StoredOverride[];
  readonly stacks: readonly Pick<
    RunningStack,
    'root' | 'environment' | 'slug' | 'workspace' | 'workspaceId' | 'main' | 'pid'
  >[];
  /** Stacks whose runner lives, whether or not the daemon knows of them. */
  readonly runs: readonly Pick<StackKey, 'root'>[];
  /** Checkouts that started a project last: an override is written also by those who are refused, or call it otherwise then. */
  readonly owners?: ReadonlyMap<string, CheckoutPlace>;
}

/** Everything that has to be gone before the project counts as gone. */
export interface Claims {
  readonly isRunning: boolean;
  readonly places: readonly CheckoutPlace[];
  /** Something belongs to a checkout of which nothing is known. */
  readonly isUnknown: boolean;
}

export type Verdict =
  | { readonly kind: 'used' }
  | { readonly kind: 'gone' }
  | Exclude<Whereabouts, { readonly kind: 'here' | 'gone' }>;

/** No slug has a `_`: such a title is that of what all branches share. */
const isShared = ({ title }: StoredOverride): boolean => title.includes('_');

/** Finds the claims on a project. @param made Its containers. */
export function claimsOn(project: string, made: readonly Made[], records: Records): Claims {
  const own = records.overrides.filter((each) => each.project === project);
  const shared = new Set(own.filter(isShared).flatMap(({ origin }) => origin?.workspaceId ?? []));
  const isIn = (workspaceId: string | undefined): boolean =>
    workspaceId !== undefined && shared.has(workspaceId);
  const overrides = records.overrides.filter(
    (each) => each.project === project || isIn(each.origin?.workspaceId),
  );
  const roots = new Set(overrides.flatMap(({ origin }) => origin?.root ?? []));
  const titles = new Set(own.map(({ title }) => title));
  const stacks = records.stacks.filter(
    (stack) =>
      titles.has(stack.slug) ||
      titles.has(sharedProjectName(stack)) ||
      isIn(stack.workspaceId) ||
      roots.has(stack.root),
  );
  const owner = records.owners?.get(project);
  const places: CheckoutPlace[] = [
    ...(owner === undefined ? [] : [owner]),
    ...overrides.flatMap(({ origin }) => (origin === undefined ? [] : [origin])),
    // While the repository is there, so is a checkout, or one can be made that finds what it shared.
    ...overrides.flatMap(({ origin }) => (isIn(origin?.workspaceId) ? repositoryOf(origin) : [])),
    ...stacks
      .filter(({ root }) => !roots.has(root))
      .map(({ root, main }): CheckoutPlace => ({ root, git: main ? undefined : 'unrecorded' })),
  ];
  const known = new Set(stacks.flatMap((stack) => [stack.slug, sharedProjectName(stack)]));
  const labelled = made.map((each) => placeOf(each, own, places));
  return {
    isRunning:
      stacks.some(({ pid }) => pid !== undefined) ||
      records.runs.some(({ root }) => places.some((place) => place.root === root)),
    places: [...places, ...labelled.flatMap((place) => place ?? [])],
    isUnknown:
      labelled.includes(undefined) ||
      own.some(({ origin, title }) => origin === undefined && !known.has(title)),
  };
}

/** Finds the claims on what the checkouts of a workspace have in common. */
export function claimsOnWorkspace(workspaceId: string, records: Records): Claims {
  const origins = records.overrides.flatMap(({ origin }) =>
    origin?.workspaceId === workspaceId ? [origin] : [],
  );
  const stacks = records.stacks.filter((stack) => stack.workspaceId === workspaceId);
  return {
    isRunning: stacks.some(({ pid }) => pid !== undefined),
    places: [...origins, ...origins.flatMap(repositoryOf), ...stacks.map(({ root }) => ({ root }))],
    isUnknown: false,
  };
}

const repositoryOf = (place: CheckoutPlace | undefined): CheckoutPlace[] =>
  typeof place?.git === 'object' ? [{ root: place.git.common }] : [];

/** The folder of a container's Compose file is another place that may be in use. Undefined where none is named. */
function placeOf(
  { folder, files }: Made,
  own: readonly StoredOverride[],
  places: readonly CheckoutPlace[],
): CheckoutPlace | undefined {
  if (folder === undefined || folder === '') return undefined;
  const isExplained =
    own.some(({ path, origin }) => origin !== undefined && files.includes(path)) ||
    places.some(({ root, git }) =>
      [root, ...(typeof git === 'object' ? [git.top] : [])].some((place) => isWithin(folder, place)),
    );
  return { root: folder, git: isExplained ? undefined : 'unrecorded' };
}

function isWithin(folder: string, place: string): boolean {
  const way = relative(place, folder);
  return !isAbsolute(way) && way.split(/[\\/]/)[0] !== '..';
}

/** Lists the projects that portramp made, or had a hand in. */
export function madeProjects(
  labelled: readonly { readonly project: string; readonly made: readonly Made[] }[],
  { folder, overrides }: Records,
): string[] {
  const isMade = ({ files }: Made): boolean => files.some((file) => dirname(file) === folder);
  const found = labelled.filter(({ made }) => made.some(isMade)).map(({ project }) => project);
  return [...new Set([...overrides.map(({ project }) => project), ...found])].sort();
}

/** Judges whether everybody who has a claim is proven gone. @param whereabouts Of each place of the claims. */
export function judge(
  { isRunning, isUnknown, places }: Claims,
  whereabouts: readonly Whereabouts[],
): Verdict {
  if (isRunning || whereabouts.some(({ kind }) => kind === 'here')) return { kind: 'used' };
  const doubt = whereabouts.find((each) => each.kind === 'unclear');
  if (doubt !== undefined) return doubt;
  if (isUnknown || places.length === 0) {
    return { kind: 'unclear', why: 'which checkout it belongs to was not written down, or is lost' };
  }
  return whereabouts.find((each) => each.kind === 'moved') ?? { kind: 'gone' };
}
