/** Whether this process is part of the stack that it asks about. */
import { PortrampError } from '../lib/errors.ts';
import type { StackKey } from '../protocol/messages.ts';
import { isSameStack, withDaemon } from './daemon-access.ts';

/**
 * Refuses what would show a service its own output: it would print that, and see it again, without end.
 * @param services whose output is shown; absent for all
 */
export async function refuseOwnStack(key: StackKey, services?: readonly string[]): Promise<void> {
  // Both are in the environment of a service; PORTRAMP_RUN is not in that of `portramp exec`.
  const { PORTRAMP_RUN: run, PORTRAMP_STACK: slug, PORTRAMP_SERVICE: service } = process.env;
  if (run === undefined || slug === undefined || service === undefined) return;
  if (services !== undefined && !services.includes(service)) return;
  const stacks = await withDaemon(async (client) => (await client?.request('list', {}))?.stacks ?? []);
  const own = stacks.find((stack) => isSameStack(stack, key) && stack.pid !== undefined);
  if (own?.slug !== slug) return;
  throw new PortrampError(
    'USAGE',
    `this is ${service} of ${slug}, whose own output it would print again and again`,
    {
      hint: `give ${service} a command of its own in portramp.yaml, or show another service: portramp logs NAME -f`,
    },
  );
}
