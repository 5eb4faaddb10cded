/** Which numbers a stack may have: what its contract says, filled in. Pure. */
import type { PortRange } from '../lib/port-range.ts';

/** A number that somebody outside relies on; without `service` it is for no service at all. */
export interface Reservation {
  readonly port: number;
  readonly service?: string | undefined;
}

/** The rules of a contract for the numbers of one stack. */
export interface PortRules {
  /** Absent: the contract does not say, the default one is as good as any. */
  readonly range?: PortRange | undefined;
  readonly reservations: readonly Reservation[];
}

export const NO_RULES: PortRules = { reservations: [] };

/** How many numbers are not kept for pinned ports. */
export const widthOf = (range: PortRange): number => Math.max(0, range.to - range.from + 1 - range.static);

export const isExcluded = (range: PortRange, port: number): boolean =>
  range.exclude.some(({ from, to }) => port >= from && port <= to);

/** Every number of the dynamic part once: upwards from `first`, then on from the bottom. */
export function* walkFrom(range: PortRange, first: number): Generator<number> {
  const bottom = range.from + range.static;
  const width = widthOf(range);
  for (let step = 0; step < width; step += 1) yield bottom + ((first - bottom + step) % width);
}

/**
 * Why a number that a service has is not for it any more, or undefined when it is. A contract that names no
 * range has nothing against any number.
 */
export function findObjection(rules: PortRules, service: string, port: number): string | undefined {
  const { range, reservations } = rules;
  if (range !== undefined && (port < range.from || port > range.to)) {
    return `outside the range ${range.from}-${range.to}`;
  }
  if (range !== undefined && isExcluded(range, port)) return 'excluded';
  const reserved = reservations.find((reservation) => reservation.port === port);
  if (reserved === undefined || reserved.service === service) return undefined;
  return reserved.service === undefined ? 'reserved' : `reserved for ${reserved.service}`;
}
