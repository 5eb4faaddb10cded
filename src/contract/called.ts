/** The names of a service: that of the contract, and that of the Compose file where it is another one. Pure. */
import type { Service } from './contract.ts';

export interface Called {
  readonly name: string;
  /** The name in the Compose file, where that is another one. */
  readonly compose?: string | undefined;
}

/** Reads both names of a service. */
export const calledOf = (service: Service): Called =>
  service.kind === 'compose' && service.compose !== service.name
    ? { name: service.name, compose: service.compose }
    : { name: service.name };

export interface OtherName {
  readonly name: string;
  /** The end of a sentence that says that there is no service of the name that was given. */
  readonly why: string;
}

/** Finds the service that has this name in the Compose file alone. Commands take the names of the contract. */
export function findOtherName(given: string, services: Iterable<Called>): OtherName | undefined {
  for (const { name, compose } of services)
    if (compose === given) return { name, why: `: ${given} of the Compose file is ${name} in this contract` };
  return undefined;
}

/** Names a service of the Compose file as the contract does; one that the contract does not speak of keeps its name. */
export const nameInContract = (compose: string, services: Iterable<Service>): string =>
  [...services].find((service) => service.kind === 'compose' && service.compose === compose)?.name ?? compose;
