import type { Condition, Consumption, Contract, Service } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { suggest } from '../lib/suggest.ts';
import { accessOf, denyAccess } from './access.ts';
import type { Need } from './plan.ts';

/** What the service consumes, conditions filled in; what does not exist is reported and left out. */
export function planNeeds(
  contract: Contract,
  service: Service,
): { needs: Need[]; diagnostics: Diagnostic[] } {
  const needs: Need[] = [];
  const diagnostics: Diagnostic[] = [];
  if (service.kind === 'external') return { needs, diagnostics };
  service.consumes.forEach((consumption, index) => {
    const path = ['services', service.name, 'consumes', index];
    const provider = contract.services.get(consumption.service);
    if (provider === undefined) {
      diagnostics.push(unknownService(contract, `${service.name} consumes`, consumption.service, path));
      return;
    }
    diagnostics.push(
      ...checkPort(contract, provider, consumption, path),
      ...checkCondition(contract, provider, consumption, path),
    );
    const denied = denyConsumption(contract, service.name, provider, consumption, path);
    if (denied !== undefined) {
      diagnostics.push(denied);
      return;
    }
    const { port, optional } = consumption;
    const condition = consumption.condition ?? usualCondition(provider);
    needs.push({ service: provider.name, ...(port === undefined ? {} : { port }), optional, condition });
  });
  return { needs, diagnostics };
}

/** Groups, reservations and access lists may only name services. */
export function checkNames(contract: Contract): Diagnostic[] {
  const check = (who: string, name: string, path: Path): Diagnostic[] =>
    contract.services.has(name) ? [] : [unknownService(contract, who, name, path)];
  return [
    ...Object.entries(contract.groups).flatMap(([group, members]) =>
      members.flatMap((member, index) => check(`the group ${group} names`, member, ['groups', group, index])),
    ),
    ...contract.reservations.flatMap(({ port, service }, index) =>
      service === undefined
        ? []
        : check(`${port} is reserved for`, service, ['reservations', index, 'service']),
    ),
    ...[...contract.services.values()].flatMap((provider) =>
      (accessOf(provider)?.from ?? []).flatMap((consumer, index) =>
        check(`${provider.name} lets in`, consumer, ['services', provider.name, 'access', 'from', index]),
      ),
    ),
  ];
}

const usualCondition = (provider: Service): Condition => (provider.kind === 'task' ? 'completed' : 'ready');

function denyConsumption(
  contract: Contract,
  consumer: string,
  provider: Service,
  { port }: Consumption,
  path: Path,
): Diagnostic | undefined {
  const denial = denyAccess(provider, consumer, port);
  return denial && { code: 'PR011', severity: 'error', ...denial, ...contract.locate(path) };
}

type Path = readonly (string | number)[];

function unknownService(contract: Contract, who: string, name: string, path: Path): Diagnostic {
  const known = [...contract.services.keys()];
  const nearest = suggest(name, known);
  const list = known.length <= 12 ? known.join(', ') : `${known.slice(0, 12).join(', ')} …`;
  return {
    code: 'PR010',
    severity: 'error',
    message: `${who} "${name}", and there is no such service`,
    hint: nearest === undefined ? `the services are: ${list}` : `did you mean "${nearest}"?`,
    ...contract.locate(path),
  };
}

function checkPort(contract: Contract, provider: Service, { port }: Consumption, path: Path): Diagnostic[] {
  const known = provider.ports.map((each) => each.name);
  if (port === undefined || known.includes(port)) return [];
  const nearest = suggest(port, known);
  const list = known.length === 0 ? 'it has no ports' : `its ports are: ${known.join(', ')}`;
  return [
    {
      code: 'PR010',
      severity: 'error',
      message: `${provider.name} has no port "${port}"`,
      hint: nearest === undefined ? list : `did you mean "${nearest}"?`,
      ...contract.locate([...path, 'port']),
    },
  ];
}

/** A service that runs on never completes: whoever waited for that would wait for ever. */
function checkCondition(
  contract: Contract,
  provider: Service,
  { condition }: Consumption,
  path: Path,
): Diagnostic[] {
  if (condition !== 'completed' || provider.kind === 'task') return [];
  return [
    {
      code: 'PR010',
      severity: 'error',
      message: `${provider.name} is no task, so it never completes`,
      hint: `write condition: ready, or add kind: task to ${provider.name}`,
      ...contract.locate([...path, 'condition']),
    },
  ];
}
