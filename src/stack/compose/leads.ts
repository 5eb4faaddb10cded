/** The ways out of containers to processes of the stack: which bridges there have to be. Pure. */
import { bridgePort, isBridgePort } from '../../plan/viewpoint.ts';
import type { PreparedStack } from '../prepare.ts';
import type { Bridge } from './bridge.ts';
import type { Bridged } from './containers.ts';

/** Only for processes that answer: a process could not listen on every address beside a listener on one of them. */
export function bridgesFor(leads: ReadonlyMap<string, number>, units: readonly Bridged[]): Bridge[] {
  return units
    .filter(({ state }) => state.state === 'ready' || state.state === 'unwell')
    .flatMap(({ name, resolved }) =>
      resolved.ports.flatMap(({ name: port, targetPort }) => {
        const number = leads.get(leadKey(name, bridgePort(port)));
        return number === undefined ? [] : [{ number, target: targetPort }];
      }),
    );
}

const leadKey = (service: string, port: string): string => `${service}\0${port}`;

/** The numbers of bridges by the lease that they lead to; empty where no container leads out. */
export const leadsOf = ({ leases }: PreparedStack): Map<string, number> =>
  new Map(
    leases
      .filter(({ port }) => isBridgePort(port))
      .map(({ service, port, number }) => [leadKey(service, port), number]),
  );
