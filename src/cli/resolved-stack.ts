import type { PreparedStack } from '../stack/prepare.ts';
import type { Leases, ResolvedService } from '../plan/plan.ts';
import type { RunningStack, StackKey } from '../protocol/messages.ts';
import { findRunningStack, unknownService, withStartedDaemon } from './daemon-access.ts';

/** One service of the stack with everything filled in, whether the stack is running or not. */
export async function findService(
  key: StackKey,
  name: string,
): Promise<{ service: ResolvedService; prepared: PreparedStack }> {
  const { prepareStack } = await import('../stack/prepare.ts');
  return withStartedDaemon(async (client) => {
    const running = await findRunningStack(client, key);
    const prepared = await prepareStack({
      key,
      client,
      ambient: process.env,
      ...(running === undefined ? {} : { followed: followedBy(running) }),
    });
    const service = prepared.services.get(name);
    if (service === undefined) throw unknownService(name, [...prepared.services.keys()]);
    return { service, prepared };
  });
}

/** Where services really listen that chose a port themselves; a number that is the lease anyway changes nothing. */
const followedBy = ({ services }: RunningStack): Leases =>
  new Map(
    services.map(({ name, ports }) => [
      name,
      new Map(ports.filter(({ follow }) => follow === true).map((port) => [port.name, port.targetPort])),
    ]),
  );
