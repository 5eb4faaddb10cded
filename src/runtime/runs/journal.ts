/**
 * How a run is written down: one line of JSON that says whose it is, then a line for each leader that started or
 * ended, in the words of `watchdog/orders`. Pure.
 */
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { formatOrder, parseOrder, type Order } from '../watchdog/orders.ts';

export interface Run {
  readonly id: string;
  readonly root: string;
  readonly environment: string;
  readonly runner: ProcessIdentity;
  readonly leaders: readonly ProcessIdentity[];
  /** The start of the machine that these are of. */
  readonly boot?: string | undefined;
}

export const formatRun = (run: Run): string => `${JSON.stringify(run)}\n`;

export const formatChange = (change: Order): string => formatOrder(change);

/**
 * Reads a record, whatever its writer had time for: a line that was cut off counts as not written.
 *
 * @returns undefined for what is no record
 */
export function parseRun(text: string): Run | undefined {
  const end = text.indexOf('\n');
  const run = parseHead(end < 0 ? text : text.slice(0, end));
  if (run === undefined || end < 0) return run;
  const leaders = new Map(run.leaders.map((leader) => [leader.pid, leader]));
  for (const line of text.slice(end + 1, text.lastIndexOf('\n')).split('\n')) {
    const order = parseOrder(line);
    if (order?.kind === 'add' && order.pid > 1) {
      leaders.set(order.pid, { pid: order.pid, startTime: order.startTime });
    }
    if (order?.kind === 'remove') leaders.delete(order.pid);
  }
  return { ...run, leaders: [...leaders.values()] };
}

function parseHead(text: string): Run | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRun(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isIdentity = (value: unknown): value is ProcessIdentity =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  typeof value.pid === 'number' &&
  Number.isInteger(value.pid) &&
  value.pid > 1 &&
  'startTime' in value &&
  typeof value.startTime === 'string';

function isRun(value: unknown): value is Run {
  if (typeof value !== 'object' || value === null) return false;
  const { id, root, environment, runner, leaders, boot } = value as Record<string, unknown>;
  return (
    // It becomes part of a marker that is searched for: nothing short, or it would fit strangers.
    typeof id === 'string' &&
    /^[0-9a-f]{12}$/.test(id) &&
    typeof root === 'string' &&
    typeof environment === 'string' &&
    isIdentity(runner) &&
    Array.isArray(leaders) &&
    leaders.every(isIdentity) &&
    (boot === undefined || typeof boot === 'string')
  );
}
