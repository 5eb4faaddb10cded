import { calledOf, findOtherName } from '../../contract/called.ts';
import type { Consumption, Contract, Service } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import type { Path } from '../../contract/tree.ts';
import { suggest } from '../../lib/suggest.ts';
import { accessOf } from '../access.ts';

/** Groups, reservations and access lists may only name services. */
export function findUnknownNames(contract: Contract): Finding[] {
  const find = (who: string, name: string, at: Path): Finding[] =>
    contract.services.has(name) ? [] : [unknownService(contract, who, name, at)];
  return [
    ...Object.entries(contract.groups).flatMap(([group, members]) =>
      members.flatMap((member, index) => find(`the group ${group} names`, member, ['groups', group, index])),
    ),
    ...contract.reservations.flatMap(({ port, service }, index) =>
      service === undefined
        ? []
        : find(`${port} is reserved for`, service, ['reservations', index, 'service']),
    ),
    ...[...contract.services.values()].flatMap((provider) =>
      (accessOf(provider)?.from ?? []).flatMap((consumer, index) =>
        find(`${provider.name} lets in`, consumer, ['services', provider.name, 'access', 'from', index]),
      ),
    ),
    ...[...contract.services.values()].flatMap((provider) => {
      const browser = accessOf(provider)?.browser ?? [];
      if (browser === 'any') return [];
      const at = ['services', provider.name, 'access', 'browser', 'origins'];
      return browser.flatMap((origin, index) =>
        origin.includes('://') ? [] : find(`${provider.name} lets in pages of`, origin, [...at, index]),
      );
    }),
  ];
}

export function unknownService(contract: Contract, who: string, name: string, at: Path): Finding {
  const known = [...contract.services.keys()];
  const other = findOtherName(name, [...contract.services.values()].map(calledOf));
  const nearest = other?.name ?? suggest(name, known);
  const list = known.length <= 12 ? known.join(', ') : `${known.slice(0, 12).join(', ')} …`;
  return {
    at,
    message: `${who} "${name}", and there is no such service${other?.why ?? ''}`,
    hint: nearest === undefined ? `the services are: ${list}` : `did you mean "${nearest}"?`,
  };
}

/** What is wrong with a consumption of a service that exists. */
export const findConsumptionProblems = (provider: Service, consumption: Consumption, at: Path): Finding[] => [
  ...findUnknownPort(provider, consumption, at),
  ...findEndlessWait(provider, consumption, at),
];

function findUnknownPort(provider: Service, { port }: Consumption, at: Path): Finding[] {
  const known = provider.ports.map((each) => each.name);
  if (port === undefined || known.includes(port)) return [];
  const nearest = suggest(port, known);
  const list = known.length === 0 ? 'it has no ports' : `its ports are: ${known.join(', ')}`;
  return [
    {
      at: [...at, 'port'],
      message: `${provider.name} has no port "${port}"`,
      hint: nearest === undefined ? list : `did you mean "${nearest}"?`,
    },
  ];
}

/** A service that runs on never completes: whoever waited for that would wait for ever. */
function findEndlessWait(provider: Service, { condition }: Consumption, at: Path): Finding[] {
  // A container may be either: whoever waits for one that runs on is shown waiting.
  if (condition !== 'completed' || provider.kind === 'task' || provider.kind === 'compose') return [];
  return [
    {
      at: [...at, 'condition'],
      message: `${provider.name} is no task, so it never completes`,
      hint: `write condition: ready, or add kind: task to ${provider.name}`,
    },
  ];
}
