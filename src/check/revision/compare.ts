/** Two revisions of a contract: what changed, how much that matters, and what it would restart. Pure. */
import { DEFAULT_ENVIRONMENT, type Contract } from '../../contract/contract.ts';
import { isEqual } from '../../plan/equal.ts';
import { envWord } from '../../plan/told.ts';
import { findBreaking } from './breaking.ts';
import type { Difference, RevisionChange, Weight } from './change.ts';
import { findOthers } from './other.ts';
import { applyRenames, findRenames, type Renames } from './rename.ts';
import { planSteps, type Step } from './restarts.ts';
import { viewOf } from './view.ts';

export interface Comparison {
  /** Breaking ones first, then in the order of the file. */
  readonly changes: readonly RevisionChange[];
  /** For the default environment. */
  readonly steps: readonly Step[];
}

/** A revision of the contract, in every environment it has; never empty. */
export type Revision = ReadonlyMap<string, Contract>;

/** `today` is `YYYY-MM-DD`. */
export function compareRevisions(before: Revision, after: Revision, today: string): Comparison {
  const found = new Map<string, { change: Omit<RevisionChange, 'environments'>; environments: string[] }>();
  const add = (contract: Contract, environment: string, difference: Difference): void => {
    const { weight, code, message, at } = difference;
    const key = JSON.stringify([weight, code, message]);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, {
        change: { weight, code, message, ...contract.locate(at) },
        environments: [environment],
      });
    } else known.environments.push(environment);
  };
  for (const [environment, contract] of after) {
    const earlier = before.get(environment);
    const differences =
      earlier === undefined ? [added(environment)] : compareContracts(earlier, contract, today);
    for (const difference of differences) add(contract, environment, difference);
  }
  const rest = after.get(DEFAULT_ENVIRONMENT) ?? [...after.values()][0];
  for (const environment of before.keys()) {
    if (!after.has(environment) && rest !== undefined) add(rest, environment, removed(environment));
  }
  const changes = [...found.values()].map(({ change, environments }) => ({ ...change, environments }));
  return { changes: sortChanges(changes), steps: stepsBetween(before, after) };
}

export const isBreaking = ({ changes }: Comparison): boolean =>
  changes.some((change) => change.weight === 'breaking');

function compareContracts(earlier: Contract, contract: Contract, today: string): Difference[] {
  const renames = findRenames(earlier, contract);
  const [before, after] = [viewOf(applyRenames(earlier, renames)), viewOf(contract)];
  const broken = findBreaking(before, after);
  const others = findOthers(before, after, today).filter(
    (other) => !broken.some((each) => isSame(each, other)),
  );
  return [...describeRenames(renames), ...broken, ...others];
}

/** The same place cannot be broken and fine: the milder word about it is left out. */
const isSame = (a: Difference, b: Difference): boolean =>
  isEqual(a.at, b.at) && (a.code === b.code || (a.code === 'range-shrunk' && b.code === 'range-changed'));

const describeRenames = ({ services, ports }: Renames): Difference[] => [
  ...[...services].map(([old, name]): Difference => ({
    weight: 'safe',
    code: 'service-renamed',
    message: `${old} is now called ${name}; consumers are told ${envWord(name)}_… instead of ${envWord(old)}_…`,
    at: ['services', name],
  })),
  ...[...ports].flatMap(([service, names]) =>
    [...names].map(([old, name]): Difference => ({
      weight: 'safe',
      code: 'port-renamed',
      message: `the port ${old} of ${service} is now called ${name}`,
      at: ['services', service, 'ports', name],
    })),
  ),
];

const added = (environment: string): Difference => ({
  weight: 'safe',
  code: 'environment-added',
  message: `the environment ${environment} is new`,
  at: ['services'],
});

const removed = (environment: string): Difference => ({
  weight: 'breaking',
  code: 'environment-removed',
  message: `the environment ${environment} is removed`,
  at: ['services'],
});

function stepsBetween(before: Revision, after: Revision): Step[] {
  const [old, next] = [before.get(DEFAULT_ENVIRONMENT), after.get(DEFAULT_ENVIRONMENT)];
  return old === undefined || next === undefined ? [] : planSteps(viewOf(old), viewOf(next));
}

const ORDER: readonly Weight[] = ['breaking', 'risky', 'safe'];

const sortChanges = (changes: readonly RevisionChange[]): RevisionChange[] =>
  changes.toSorted(
    (a, b) =>
      ORDER.indexOf(a.weight) - ORDER.indexOf(b.weight) ||
      a.line - b.line ||
      a.message.localeCompare(b.message),
  );
