/** Contract and identity → plan: names, order and needs of every service, and what is wrong with them. Pure. */
import type { Contract } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { checkHosts } from './check-hosts.ts';
import { checkInjections } from './check-injections.ts';
import { checkNames, planNeeds } from './needs.ts';
import { orderServices } from './order-services.ts';
import type { Need, Plan, PlannedService, StackIdentity } from './plan.ts';
import { planPorts } from './ports.ts';

/** The numbers that are leased by hash; those below are kept for pinned ones. */
export const LEASE_BAND = { from: 20_128, to: 29_999 } as const;

/** Always gives a plan; with errors among the diagnostics it is only good for finding more of them. */
export function planStack(
  contract: Contract,
  stack: StackIdentity,
): { plan: Plan; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [...checkBand(contract), ...checkNames(contract)];
  const needs = new Map<string, readonly Need[]>();
  for (const service of contract.services.values()) {
    const planned = planNeeds(contract, service);
    needs.set(service.name, planned.needs);
    diagnostics.push(...planned.diagnostics);
  }
  const { order, cycles } = orderServices(needs);
  diagnostics.push(...cycles.map((cycle) => describeCycle(contract, cycle)));
  const services = new Map<string, PlannedService>();
  for (const name of order) {
    const service = contract.services.get(name);
    if (service === undefined) continue;
    services.set(name, { name, service, ports: planPorts(service, stack), needs: needs.get(name) ?? [] });
  }
  const plan = { stack, services, groups: contract.groups };
  diagnostics.push(...checkHosts(contract, plan), ...checkInjections(contract, plan));
  return { plan, diagnostics: sortDiagnostics(diagnostics) };
}

function describeCycle(contract: Contract, cycle: readonly string[]): Diagnostic {
  const [first = '', second = first] = cycle;
  const index = consumesOf(contract, first).findIndex((entry) => entry.service === second);
  return {
    code: 'PR012',
    severity: 'error',
    message: `these services wait for each other: ${[...cycle, first].join(' → ')}`,
    hint: `remove one of these from consumes, or make it optional: - { service: ${second}, optional: true }`,
    ...contract.locate(['services', first, 'consumes', index]),
  };
}

function consumesOf(contract: Contract, name: string): readonly { readonly service: string }[] {
  const service = contract.services.get(name);
  return service === undefined || service.kind === 'external' ? [] : service.consumes;
}

function checkBand(contract: Contract): Diagnostic[] {
  let wanted = 0;
  for (const service of contract.services.values()) {
    if (service.kind === 'process') wanted += service.ports.length;
  }
  const room = LEASE_BAND.to - LEASE_BAND.from + 1;
  if (wanted <= room) return [];
  return [
    {
      code: 'PR009',
      severity: 'error',
      message: `these services need ${wanted} port numbers, and ${LEASE_BAND.from}-${LEASE_BAND.to} holds ${room}`,
      hint: 'write ports: false for services that listen on none, or split the contract',
      ...contract.locate(['services']),
    },
  ];
}
