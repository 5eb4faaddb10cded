/** Explains why a process ended by itself, where more can be found out than its exit code says. */
import { toldPort } from '../plan/address.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { StackKey } from '../protocol/messages.ts';
import { numbersInUse } from './in-use.ts';
import type { LogStore } from './logs/store.ts';
import { primaryOf } from './readiness/own-ports.ts';
import type { End } from './service.ts';
import { describeDenied, findDenied, type AskHolders } from './taken.ts';

/** Lines of its log in which a process may say why it ended. */
const LINES = 40;

export interface EndingOptions {
  readonly logs: Pick<LogStore, 'tail'>;
  readonly key: StackKey;
  readonly holdersOf: AskHolders;
}

/**
 * Looks who has the port that a process says was in use. Called after an end with another code than 0.
 *
 * @param launch counts the launches of the service: what another one said is not why this one ended
 * @returns undefined where it says nothing of the kind; a promise of nothing where nobody has the port any more
 */
export function explainEnd(
  launched: ResolvedService,
  launch: number,
  { logs, key, holdersOf }: EndingOptions,
): Promise<Pick<End, 'why' | 'isLasting'> | undefined> | undefined {
  const { name, ports } = launched;
  const named = numbersInUse(logs.tail(name, LINES, launch));
  if (named === undefined) return undefined;
  const numbers = named.length > 0 ? named : ports.map(toldPort);
  const primary = primaryOf(ports);
  return findDenied(numbers, { ...key, service: name }, holdersOf).then((denied) => {
    if (denied === undefined) return undefined;
    const told = primary && toldPort(primary);
    return { why: describeDenied(denied, told, name), isLasting: denied.isLasting };
  });
}
