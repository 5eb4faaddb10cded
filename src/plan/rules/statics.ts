import type { Contract, Service } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import type { Path } from '../../contract/tree.ts';

/** A number that the contract fixes on this machine. */
export interface Claim {
  readonly number: number;
  /** `api.debug`. */
  readonly who: string;
  readonly service: string;
  readonly port: string;
  readonly at: Path;
}

/** Static ports, and the addresses of external services that are on this machine. */
export const claimsOf = (contract: Contract): Claim[] =>
  [...contract.services.values()].flatMap(claimsOfService);

function claimsOfService(service: Service): Claim[] {
  const { name } = service;
  return service.ports.flatMap((port): Claim[] => {
    const claim = { service: name, port: port.name, who: `${name}.${port.name}` };
    if (service.kind === 'external') {
      if (!isLoopback(service.target.host)) return [];
      return [{ ...claim, number: service.target.port, at: ['services', name, 'external'] }];
    }
    if (port.static === undefined) return [];
    return [{ ...claim, number: port.static, at: ['services', name, 'ports', port.name, 'static'] }];
  });
}

/** Every address that a listener here can have: some of them coexist on one port, and none should. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '::1' ||
  host === '::' ||
  host === '0.0.0.0' ||
  /^127(?:\.\d{1,3}){3}$/.test(host);

/** One number that two ports claim in this environment. */
export function findStaticClashes(contract: Contract): Finding[] {
  const owners = new Map<number, Claim>();
  return claimsOf(contract).flatMap((claim): Finding[] => {
    const owner = owners.get(claim.number);
    owners.set(claim.number, owner ?? claim);
    // Two names for one external program are no conflict.
    if (owner === undefined || (isExternal(owner) && isExternal(claim))) return [];
    const message = `${claim.number} is claimed by both ${owner.who} and ${claim.who}`;
    return [{ at: claim.at, message, hint: 'give one of them another number, or remove static' }];
  });
}

const isExternal = (claim: Claim): boolean => claim.at.at(-1) === 'external';
