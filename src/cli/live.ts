import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { findHeldPorts, fixedPortsOf, type NumberHolder } from '../check/held-ports.ts';
import { readCheckout } from '../lib/checkout.ts';
import type { RunningStack } from '../protocol/messages.ts';
import { mayListen } from '../protocol/status.ts';
import { withStartedDaemon } from './daemon-access.ts';
import { withBelonging } from './port-owner.ts';

/** Asks the daemon who holds the numbers that the contract fixes. */
export async function checkLive(root: string, contracts: readonly Contract[]): Promise<Diagnostic[]> {
  const numbers = [...new Set(contracts.flatMap(fixedPortsOf).map((fixed) => fixed.number))];
  if (numbers.length === 0) return [];
  const { workspaceId } = await readCheckout(root);
  return withStartedDaemon(async (client) => {
    const { stacks } = await client.request('list', {});
    const own = portsInUse(stacks.filter((stack) => stack.workspaceId === workspaceId));
    const holders = new Map<number, readonly NumberHolder[]>();
    for (const number of numbers) {
      if (own.has(number)) continue;
      const answer = await client.request('holder', { port: number });
      if (!answer.free) holders.set(number, await withBelonging(answer.holders));
    }
    return findHeldPorts(contracts, holders);
  });
}

/** The numbers whose listeners are services themselves: the daemon fails a service that has a ghost. */
const portsInUse = (stacks: readonly RunningStack[]): Set<number> =>
  new Set(
    stacks.flatMap((stack) =>
      stack.services
        .filter(mayListen)
        .flatMap((service) => service.ports.flatMap((port) => [port.port, port.targetPort])),
    ),
  );
