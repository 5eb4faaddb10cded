/** Contract and identity → plan: names, order and needs of every service, and what is wrong with them. Pure. */
import type { Contract } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings, type Finding } from '../contract/finding.ts';
import type { RuleId } from '../contract/rule-ids.ts';
import { planNeeds, type PlannedNeeds } from './needs.ts';
import { orderServices } from './order-services.ts';
import type { Plan, PlannedService, StackIdentity } from './plan.ts';
import { planPorts } from './ports.ts';
import { findCycles } from './rules/cycles.ts';
import { findHostProblems } from './rules/hosts.ts';
import { findInjectionProblems } from './rules/injections.ts';
import { findUnknownNames } from './rules/names.ts';
import { findLackOfRoom } from './rules/room.ts';
import { findStaticClashes } from './rules/statics.ts';

/** Always gives a plan; with errors among the diagnostics it is only good for finding more of them. */
export function planStack(
  contract: Contract,
  stack: StackIdentity,
): { plan: Plan; diagnostics: Diagnostic[] } {
  const planned = new Map<string, PlannedNeeds>();
  for (const service of contract.services.values()) planned.set(service.name, planNeeds(contract, service));
  const needsOf = (name: string): PlannedNeeds['needs'] => planned.get(name)?.needs ?? [];
  const { order, cycles } = orderServices(new Map([...planned.keys()].map((name) => [name, needsOf(name)])));
  const services = new Map<string, PlannedService>();
  for (const name of order) {
    const service = contract.services.get(name);
    if (service === undefined) continue;
    services.set(name, { name, service, ports: planPorts(service, stack), needs: needsOf(name) });
  }
  const plan = { stack, services, groups: contract.groups };
  const all = [...planned.values()];
  // What a stack could not run with; the rules that only `check` knows are in its own room.
  const found: readonly (readonly [RuleId, readonly Finding[]])[] = [
    ['PR002', findStaticClashes(contract)],
    ['PR009', findLackOfRoom(contract, 1)],
    ['PR010', [...findUnknownNames(contract), ...all.flatMap((each) => each.unknown)]],
    ['PR011', all.flatMap((each) => each.denied)],
    ['PR012', findCycles(contract, cycles)],
    ['PR013', findHostProblems(contract, plan)],
    ['PR014', findInjectionProblems(contract, plan)],
  ];
  const diagnostics = found.flatMap(([id, findings]) => placeFindings(contract, id, 'error', findings));
  return { plan, diagnostics: sortDiagnostics(diagnostics) };
}
