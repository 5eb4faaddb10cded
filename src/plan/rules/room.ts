import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { leasedPart, roomOf, spanText } from '../../contract/ranges.ts';

/** A range that cannot hold the ports of that many stacks. */
export function findLackOfRoom(contract: Contract, stacks: number): Finding[] {
  const { from, to, static: kept } = contract.range;
  // A range that leases nothing at all is another finding.
  if (kept > to - from) return [];
  let ports = 0;
  for (const service of contract.services.values()) {
    if (service.kind === 'process') ports += service.ports.length;
  }
  const reserved = contract.reservations.map((reservation) => reservation.port);
  const room = roomOf(contract.range, reserved);
  if (ports * stacks <= room) return [];
  const isWritten = contract.ranges.has(contract.environment);
  const what = stacks === 1 ? 'these services need' : `${stacks} stacks of these services need`;
  return [
    {
      at: isWritten ? ['ranges', contract.environment] : ['services'],
      message: `${what} ${ports * stacks} port numbers, and ${spanText(leasedPart(contract.range))} holds ${room}`,
      hint: 'widen the range, write ports: false for services that listen on none, or split the contract',
    },
  ];
}
