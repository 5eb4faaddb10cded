/** Fixed numbers that somebody else holds on this machine right now: what `--live` adds. Pure. */
import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings, type Finding } from '../contract/finding.ts';
import type { Path } from '../contract/tree.ts';
import { describeHolder, howToEnd, type Belonging, type Holder } from '../lib/holder.ts';
import { processesOf } from './rules/rule.ts';
import { PR030 } from './rules/pr030-held-port.ts';
import { judge } from './severity.ts';

/** A number that the contract fixes for a service, or keeps for somebody outside. */
export interface FixedPort {
  readonly number: number;
  readonly at: Path;
  /** `api.debug`, or what the reservation is for. */
  readonly who: string;
  readonly kind: 'static' | 'reserved' | 'outside';
}

/** External services are not asked about: somebody is meant to be there. */
export function fixedPortsOf(contract: Contract): FixedPort[] {
  const statics = processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port): FixedPort[] => {
      if (port.static === undefined) return [];
      const at = ['services', service.name, 'ports', port.name, 'static'];
      return [{ number: port.static, at, who: `${service.name}.${port.name}`, kind: 'static' }];
    }),
  );
  const known = new Set(statics.map(({ number }) => number));
  const reserved = contract.reservations.flatMap(({ port, service, owner }, index): FixedPort[] => {
    // The service that keeps the reservation has pinned it: one word about it is enough.
    if (service !== undefined && known.has(port)) return [];
    const kind = service === undefined ? 'outside' : 'reserved';
    return [
      {
        number: port,
        at: ['reservations', index, 'port'],
        who: service ?? owner ?? 'somebody outside',
        kind,
      },
    ];
  });
  return [...statics, ...reserved];
}

/** The process that holds a number, and the stack that it belongs to. */
export type NumberHolder = Holder & { readonly belonging?: Belonging | undefined };

/** `holders`: who holds a number, for numbers that are not free and not held by a stack of this workspace. */
export function findHeldPorts(
  contracts: readonly Contract[],
  holders: ReadonlyMap<number, readonly NumberHolder[]>,
): Diagnostic[] {
  return contracts.flatMap((contract) => {
    const findings = fixedPortsOf(contract).flatMap((fixed): Finding[] => {
      const found = holders.get(fixed.number);
      return found === undefined ? [] : [describe(fixed, found)];
    });
    return judge(contract, placeFindings(contract, PR030.id, PR030.severity, findings));
  });
}

function describe({ number, at, who, kind }: FixedPort, holders: readonly NumberHolder[]): Finding {
  const whom = holders.length === 0 ? describeHolder(undefined) : holders.map(describeHolder).join('; ');
  const [first] = holders;
  if (kind === 'outside') {
    const message = `${number}, which is reserved for ${who}, is held by ${whom}`;
    return { at, severity: 'note', message, hint: 'see whether that is who it is reserved for' };
  }
  const how = howToEnd(number, first ?? {});
  const end = how === undefined ? 'end that process' : `end it with "${how}"`;
  const message = `${number}, which belongs to ${who}, is held by ${whom}`;
  return { at, message, hint: `${end}, or give ${who} another number` };
}
