/** Places for instances: each slot of a service with ramps has target ports of its own. Pure. */
import type { Service } from '../contract/contract.ts';

/** How many instances of a service may exist at once: those that serve, and those that are to follow them. */
export function slotsOf(service: Service): number {
  if (service.kind !== 'process') return 1;
  const { replicas, transition } = service;
  switch (transition.strategy) {
    case 'replace':
      return replicas;
    case 'handoff':
      return 2 * replicas;
    case 'rolling':
      return replicas + 1;
  }
}

/** The name under which the target port of a slot is leased; `@` occurs in no name of a port. */
export const targetLease = (port: string, slot: number): string => `${port}@${slot}`;

/** The lease of the number that the instance in a slot listens on. */
export const leaseInSlot = (
  { name, ramp }: { readonly name: string; readonly ramp: boolean },
  slot: number,
): string => (ramp ? targetLease(name, slot) : name);

/** The names of all leases of a port: its own, and with a ramp those of its targets. */
export function leasesOf(port: { readonly name: string; readonly ramp: boolean }, slots: number): string[] {
  if (!port.ramp) return [port.name];
  return [port.name, ...Array.from({ length: slots }, (_, slot) => targetLease(port.name, slot))];
}
