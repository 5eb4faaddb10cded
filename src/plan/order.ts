import { suggest } from '../lib/suggest.ts';
import type { Plan, PlannedService } from './plan.ts';

export interface Selection {
  /** Providers before consumers. */
  readonly names: string[];
  readonly unknown: { readonly name: string; readonly suggestion?: string }[];
}

/** The group that is meant when nothing is named. */
const DEFAULT_GROUP = 'default';

/**
 * The services or groups named, with everything they need. Without names: the group `default`, else all that
 * start by themselves. A manual service that is consumed is needed; an optional provider is not.
 */
export function selectServices(plan: Plan, names: readonly string[]): Selection {
  const unknown: Selection['unknown'] = [];
  const chosen = new Set<string>();
  for (const name of names.length > 0 ? names : defaultNames(plan)) {
    const members = plan.services.has(name) ? [name] : groupOf(plan, name);
    if (members === undefined) unknown.push({ name, ...suggestion(plan, name) });
    else for (const member of members) chosen.add(member);
  }
  const needed = withProviders(plan, chosen);
  return { names: [...plan.services.keys()].filter((name) => needed.has(name)), unknown };
}

function defaultNames(plan: Plan): readonly string[] {
  if (groupOf(plan, DEFAULT_GROUP) !== undefined) return [DEFAULT_GROUP];
  return [...plan.services.values()].filter(startsByItself).map((planned) => planned.name);
}

function startsByItself({ service }: PlannedService): boolean {
  if (service.kind === 'external') return true;
  return service.start !== 'manual' && (service.kind !== 'task' || service.run !== 'manual');
}

const groupOf = (plan: Plan, name: string): readonly string[] | undefined =>
  Object.hasOwn(plan.groups, name) ? plan.groups[name] : undefined;

/** Without recursion: a chain of needs may be longer than the stack is deep. */
function withProviders(plan: Plan, names: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const planned = plan.services.get(name);
    if (planned === undefined || found.has(name)) continue;
    found.add(name);
    for (const need of planned.needs) if (!need.optional) open.push(need.service);
  }
  return found;
}

function suggestion(plan: Plan, name: string): { suggestion?: string } {
  const nearest = suggest(name, [...plan.services.keys(), ...Object.keys(plan.groups)]);
  return nearest === undefined ? {} : { suggestion: nearest };
}
