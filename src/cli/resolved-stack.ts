import type { PreparedStack } from '../stack/prepare.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { StackKey } from '../protocol/messages.ts';
import { openDaemon, unknownService } from './daemon-access.ts';

/** One service of the stack with everything filled in, whether the stack is running or not. */
export async function findService(
  key: StackKey,
  name: string,
): Promise<{ service: ResolvedService; prepared: PreparedStack }> {
  const { prepareStack } = await import('../stack/prepare.ts');
  const client = await openDaemon();
  try {
    const prepared = await prepareStack({ key, client, ambient: process.env });
    const service = prepared.services.get(name);
    if (service === undefined) throw unknownService(name, [...prepared.services.keys()]);
    return { service, prepared };
  } finally {
    client.close();
  }
}
