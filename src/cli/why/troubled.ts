/** Where the trouble of a service comes from that runs all the same: something that it needs has gone bad since. Pure. */
import type { PublishedService, ServiceDetails } from '../../protocol/messages.ts';
import { meaningOf } from '../../protocol/status.ts';

/** Names the services that something is wrong with, and those that need one of them, however far away. */
export function findTroubled(
  services: readonly PublishedService[],
  details: ReadonlyMap<string, Pick<ServiceDetails, 'needs'>>,
): ReadonlySet<string> {
  const troubled = new Set(services.filter((each) => meaningOf(each).isWrong).map(({ name }) => name));
  const consumersOf = new Map<string, string[]>();
  for (const [consumer, { needs }] of details)
    for (const { service, optional } of needs)
      if (!optional) consumersOf.set(service, [...(consumersOf.get(service) ?? []), consumer]);
  // A set tells what is added while it is walked through.
  for (const name of troubled) for (const consumer of consumersOf.get(name) ?? []) troubled.add(consumer);
  return troubled;
}
