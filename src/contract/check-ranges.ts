/** Ranges, reservations and severities: what the schema cannot say about them. */
import { suggest } from '../lib/suggest.ts';
import type { Problem } from './issues.ts';
import { buildRange } from './ranges.ts';
import { FIXED_RULES } from './rule-ids.ts';
import type { ContractFields } from './schema.ts';
import type { RangeFields } from './schema-ranges.ts';

export function checkRanges(
  ranges: Readonly<Record<string, RangeFields>>,
  environments: readonly string[],
): Problem[] {
  return Object.entries(ranges).flatMap(([name, range]): Problem[] => {
    const path = ['ranges', name];
    if (!environments.includes(name)) {
      const nearest = suggest(name, environments);
      const hint =
        nearest === undefined
          ? `add it below environments, or remove the range`
          : `did you mean "${nearest}"?`;
      return [{ path, at: 'key', message: `there is no environment "${name}"`, hint }];
    }
    if (range.from > range.to) {
      const message = `the range ${range.from}-${range.to} is upside down`;
      return [{ path: [...path, 'to'], at: 'value', message, hint: 'write the lower number as from' }];
    }
    const width = range.to - range.from + 1;
    if (buildRange(range).static < width) return [];
    const message = `all ${width} numbers of the range are kept for static ports`;
    return [{ path: [...path, 'static'], at: 'value', message, hint: 'keep fewer, or widen the range' }];
  });
}

export function checkReservations(reservations: NonNullable<ContractFields['reservations']>): Problem[] {
  const seen = new Set<number>();
  return reservations.flatMap(({ port }, index): Problem[] => {
    if (!seen.has(port)) {
      seen.add(port);
      return [];
    }
    const message = `${port} is reserved twice`;
    return [{ path: ['reservations', index, 'port'], at: 'value', message, hint: 'keep one of them' }];
  });
}

/** A finding that stops `dev` stays an error: a green check would promise what does not run. */
export function checkSeverities(
  severities: NonNullable<NonNullable<ContractFields['check']>['severity']>,
): Problem[] {
  return FIXED_RULES.flatMap((rule): Problem[] => {
    const wanted = severities[rule];
    if (wanted === undefined || wanted === 'error') return [];
    const message = `${rule} cannot be made a ${wanted === 'off' ? 'rule that is off' : wanted}: portramp dev refuses what it finds`;
    return [{ path: ['check', 'severity', rule], at: 'value', message, hint: `remove ${rule} from here` }];
  });
}
