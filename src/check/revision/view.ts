import { DEFAULT_ENVIRONMENT, type Contract, type Port, type Service } from '../../contract/contract.ts';
import { planStack } from '../../plan/plan-stack.ts';
import type { Plan } from '../../plan/plan.ts';
import { extraHost, longHost } from '../../plan/names.ts';
import { injectionsOf, type Meaning } from '../../plan/told.ts';
import { imagineStack } from '../imagine.ts';

/** A contract in one environment, as its consumers see it. */
export interface View {
  readonly contract: Contract;
  readonly plan: Plan;
  /** Consumer → variables that tell it about others, with what they mean. */
  readonly told: ReadonlyMap<string, ReadonlyMap<string, Meaning>>;
}

export function viewOf(contract: Contract): View {
  const { plan } = planStack(contract, imagineStack(contract));
  const told = [...plan.services.values()].map((planned) => {
    const injections = injectionsOf(planned, plan.services, contract.discovery);
    const others = injections.filter(({ means }) => providerOf(means, planned.name) !== undefined);
    return [planned.name, new Map(others.map(({ name, means }) => [name, means]))] as const;
  });
  return { contract, plan, told: new Map(told) };
}

/** The service that the variable tells about, if that is another one. */
export function providerOf(means: Meaning, self: string): string | undefined {
  return means.kind === 'self' || means.service === self ? undefined : means.service;
}

export const consumesOf = (service: Service | undefined) =>
  service === undefined || service.kind === 'external' ? [] : service.consumes;

export const portOf = (service: Service | undefined, name: string): Port | undefined =>
  service?.ports.find((port) => port.name === name);

/** Where browsers find a port: what the contract says, and the address in the main checkout. */
export function addressesOf(port: Port, slug: string): ReadonlyMap<string, string> {
  const hosts = [
    ...port.hosts.map((label) => [label, longHost(label, slug)] as const),
    ...port.extraHosts.map((host) => [host, extraHost(host, slug)] as const),
  ];
  return new Map(
    hosts.flatMap(([written, host]) =>
      port.paths.map((path) => [`${written} ${path}`, path === '/' ? host : host + path] as const),
    ),
  );
}

/** What of the left is not in the right. */
export const addressesOnlyIn = (
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
): string => [...left].flatMap(([key, address]) => (right.has(key) ? [] : [address])).join(', ');

/** The ports of a provider that a consumer uses: those that it names, else the first. */
export function usedPorts(consumer: Service, provider: Service): string[] {
  const primary = provider.ports.find((port) => port.primary)?.name;
  const names = consumesOf(consumer)
    .filter((entry) => entry.service === provider.name)
    .flatMap((entry) => entry.port ?? primary ?? []);
  return [...new Set(names)];
}

export const consumersOf = ({ contract }: View, provider: string): Service[] =>
  [...contract.services.values()].filter((service) =>
    consumesOf(service).some((entry) => entry.service === provider),
  );

/** The environment whose range this one has. */
export const rangeOwner = ({ environment, ranges }: Contract): string =>
  ranges.has(environment) ? environment : DEFAULT_ENVIRONMENT;
