import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { isWithin, spanText, staticPart } from '../../contract/ranges.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR003: Rule = {
  id: 'PR003',
  severity: 'error',
  title: "static port outside its range, or inside another's reservation",
  reasoning:
    'Each environment has a range, and the first numbers of it are kept for static ports: there no ' +
    'lease can ever be in the way, on any machine, in any checkout. A static port elsewhere works ' +
    'until another stack was given that number first (in the leased part that is a warning), or ' +
    'until it meets whatever the number belongs to. A number that is reserved for somebody else is ' +
    'never free.',
  find: ({ contract }) => findOutsiders(contract),
};

function findOutsiders(contract: Contract): Finding[] {
  return processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port): Finding[] => {
      if (port.static === undefined) return [];
      const at = ['services', service.name, 'ports', port.name, 'static'];
      const problem = describe(contract, service.name, port.static);
      return problem === undefined ? [] : [{ at, ...problem }];
    }),
  );
}

function describe(contract: Contract, service: string, port: number): Omit<Finding, 'at'> | undefined {
  const { range, environment, reservations } = contract;
  const reservation = reservations.find((each) => each.port === port);
  if (reservation !== undefined && reservation.service !== service) {
    const whom = reservation.service ?? reservation.owner ?? 'somebody outside';
    return {
      message: `${port} is reserved for ${whom}`,
      hint: 'use another number, or change the reservation',
    };
  }
  const kept = staticPart(range);
  const hint =
    kept === undefined
      ? 'keep numbers for static ports: static: 128 in the range'
      : `use a number of ${spanText(kept)}, which is kept for static ports`;
  if (!isWithin(port, range)) {
    return { message: `${port} is outside the range ${spanText(range)} of ${environment}`, hint };
  }
  if (range.exclude.some((span) => isWithin(port, span))) {
    return { message: `${port} is excluded from the range of ${environment}`, hint };
  }
  if (kept !== undefined && isWithin(port, kept)) return undefined;
  const message = `${port} is in the part of the range that is leased, so another stack may have it already`;
  return { message, hint, severity: 'warning' };
}
