/**
 * How many replicas of a service a person has asked for by command. The newest explicit choice counts: it holds over what
 * the contract says, until an edit says another number there.
 */
import type { Contract } from '../contract/contract.ts';
import type { Queue } from '../lib/queue.ts';

export interface Scales {
  /** Those that hold beside a contract, by service. */
  beside(contract: Contract): ReadonlyMap<string, number>;
  /** The contract is in effect from now on. @returns what is to be said of the services whose number it has changed */
  settle(contract: Contract): readonly Overruled[];
  /** @throws where they cannot be had; then all is as before, lest the number stand in the way of later edits */
  ask(service: string, replicas: number): Promise<void>;
}

export interface Overruled {
  readonly service: string;
  readonly text: string;
}

interface Asked {
  readonly replicas: number;
  /** What the contract said when it was asked for; undefined until a contract has taken effect after that. */
  readonly over?: string | undefined;
}

/** @param apply makes the stack fit what is asked for */
export function createScales(inTurn: Queue, apply: () => Promise<void>): Scales {
  const asked = new Map<string, Asked>();
  const holds = (service: string, { over }: Asked, contract: Contract): boolean => {
    const written = writtenIn(contract, service);
    // A service that is not there may come back.
    return over === undefined || written === undefined || over === written.text;
  };
  return {
    beside: (contract) =>
      new Map(
        [...asked]
          .filter(([service, one]) => holds(service, one, contract))
          .map(([service, { replicas }]) => [service, replicas]),
      ),
    settle: (contract) =>
      [...asked].flatMap(([service, one]) => {
        const written = writtenIn(contract, service);
        if (holds(service, one, contract)) {
          asked.set(service, { ...one, over: one.over ?? written?.text });
          return [];
        }
        asked.delete(service);
        if (written === undefined || written.replicas === one.replicas) return [];
        const text = `replicas ${written.replicas} by the contract (scale ${one.replicas} no longer holds)`;
        return [{ service, text }];
      }),
    ask: (service, replicas) =>
      inTurn(async () => {
        const before = asked.get(service);
        asked.set(service, { replicas });
        try {
          await apply();
        } catch (error) {
          if (before === undefined) asked.delete(service);
          else asked.set(service, before);
          throw error;
        }
      }),
  };
}

/** What a contract says of the number of replicas, as a person has written it; undefined for what has none. */
function writtenIn(
  { services }: Contract,
  name: string,
): { readonly replicas: number; readonly text: string } | undefined {
  const service = services.get(name);
  if (service?.kind !== 'process') return undefined;
  const { replicas, replicasWritten = false } = service;
  return { replicas, text: replicasWritten ? `${replicas}` : '' };
}
