/** Looks at a port: whether it is held, by which process, and whether this user could have it. */
import { holdersOf, type PortHolder } from './holders.ts';
import { probePort, type PortState } from './probe.ts';

export interface PortSight {
  /** Nobody is seen to have the port. */
  readonly free: boolean;
  /** Empty where it is free, or held by what cannot be seen. */
  readonly holders: readonly PortHolder[];
  /** This user may not open the port, whoever has it. */
  readonly forbidden?: true;
}

export interface Looks {
  readonly probe: (port: number) => Promise<PortState>;
  readonly holdersOf: (port: number) => Promise<readonly PortHolder[]>;
}

/**
 * Looks who has a port. A bind that was refused for want of rights is no finding: then the system's table of sockets
 * alone says whether somebody has it.
 */
export async function lookAtPort(
  port: number,
  looks: Looks = { probe: probePort, holdersOf },
): Promise<PortSight> {
  const state = await looks.probe(port);
  if (state === 'free') return { free: true, holders: [] };
  const holders = await looks.holdersOf(port);
  if (state === 'taken') return { free: false, holders };
  return { free: holders.length === 0, holders, forbidden: true };
}
