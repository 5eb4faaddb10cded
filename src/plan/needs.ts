import type { Condition, Contract, Service } from '../contract/contract.ts';
import type { Finding } from '../contract/finding.ts';
import { denyAccess } from './access.ts';
import type { Need } from './plan.ts';
import { findConsumptionProblems, unknownService } from './rules/names.ts';

export interface PlannedNeeds {
  /** Conditions filled in; without what does not exist or may not be consumed. */
  readonly needs: readonly Need[];
  /** Of PR010. */
  readonly unknown: readonly Finding[];
  /** Of PR011. */
  readonly denied: readonly Finding[];
}

export function planNeeds(contract: Contract, service: Service): PlannedNeeds {
  const needs: Need[] = [];
  const unknown: Finding[] = [];
  const denied: Finding[] = [];
  const consumes = service.kind === 'external' ? [] : service.consumes;
  consumes.forEach((consumption, index) => {
    const at = ['services', service.name, 'consumes', index];
    const provider = contract.services.get(consumption.service);
    if (provider === undefined) {
      unknown.push(unknownService(contract, `${service.name} consumes`, consumption.service, at));
      return;
    }
    unknown.push(...findConsumptionProblems(provider, consumption, at));
    const { port, optional, silent, restart } = consumption;
    const denial = denyAccess(provider, service.name, port);
    if (denial !== undefined) {
      denied.push({ at, message: denial.message, hint: denial.hint });
      return;
    }
    const condition = consumption.condition ?? usualCondition(provider);
    needs.push({
      service: provider.name,
      ...(port === undefined ? {} : { port }),
      optional,
      condition,
      ...(silent === true ? { silent } : {}),
      ...(restart === true ? { restart } : {}),
    });
  });
  return { needs, unknown, denied };
}

const usualCondition = (provider: Service): Condition => (provider.kind === 'task' ? 'completed' : 'ready');
