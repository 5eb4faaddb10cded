import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import type { Plan, PlannedService } from '../plan.ts';
import { injectionsOf, type Injection, type Meaning } from '../told.ts';

/** Names that other tools listen to. */
const RESERVED = /^(?:DOCKER_HOST|NODE_.*)$/;

/** What only portramp says, and only about itself. */
const OWN = /^PORTRAMP_/;

/** Injected variables that would get two values, or mean something to another tool. */
export function findInjectionProblems(contract: Contract, plan: Plan): Finding[] {
  return [...plan.services.values()].flatMap((planned) => findInService(contract, plan, planned));
}

function findInService(contract: Contract, plan: Plan, planned: PlannedService): Finding[] {
  const { service } = planned;
  if (service.kind === 'external') return [];
  const findings: Finding[] = [];
  const told = new Map<string, Injection>();
  for (const injection of injectionsOf(planned, plan.services, contract.discovery)) {
    const { name, means } = injection;
    // What the contract says itself wins, so it is clear.
    if (Object.hasOwn(service.env, name)) continue;
    const before = told.get(name);
    told.set(name, before ?? injection);
    const problem = describeProblem(injection, before);
    if (problem === undefined) continue;
    findings.push({
      at: placeOf(planned, means),
      message: `${planned.name}: ${problem}`,
      hint: `rename one of them, or write ${name} into env of ${planned.name}`,
    });
  }
  return findings;
}

function describeProblem({ name, means }: Injection, before: Injection | undefined): string | undefined {
  if (before !== undefined && !isSame(before.means, means)) {
    return `${name} would be both ${describe(before.means)} and ${describe(means)}`;
  }
  if (before !== undefined) return undefined;
  if (RESERVED.test(name)) return `${name}, ${describe(means)}, means something to other tools`;
  if (OWN.test(name) && means.kind !== 'self')
    return `${name}, ${describe(means)}, is a name of portramp's own`;
  return undefined;
}

const isSame = (a: Meaning, b: Meaning): boolean => JSON.stringify(a) === JSON.stringify(b);

function describe(means: Meaning): string {
  if (means.kind === 'self') return `the ${means.what} itself`;
  return means.kind === 'url'
    ? `the url of ${means.service}`
    : `the ${means.attribute} of ${means.service}.${means.port}`;
}

function placeOf(planned: PlannedService, means: Meaning): (string | number)[] {
  const path = ['services', planned.name];
  if (means.kind === 'self' || planned.service.kind === 'external') return path;
  if (means.kind === 'port' && means.service === planned.name) return [...path, 'ports', means.port];
  const index = planned.service.consumes.findIndex((entry) => entry.service === means.service);
  return [...path, 'consumes', index];
}
