/** The lines from a runner to its watchdog: `add PID START_TIME`, `remove PID`. Pure. */
import type { ProcessIdentity } from '../../lib/process-identity.ts';

export type Order =
  ({ readonly kind: 'add' } & ProcessIdentity) | { readonly kind: 'remove'; readonly pid: number };

export const formatOrder = (order: Order): string =>
  order.kind === 'add' ? `add ${order.pid} ${order.startTime}\n` : `remove ${order.pid}\n`;

/** Undefined for a line that was cut off by the runner's end. */
export function parseOrder(line: string): Order | undefined {
  const match = /^(add|remove) (\d+)(?: (.+))?$/.exec(line);
  const pid = Number(match?.[2]);
  if (match?.[1] === 'remove') return { kind: 'remove', pid };
  const startTime = match?.[3];
  return startTime === undefined ? undefined : { kind: 'add', pid, startTime };
}
