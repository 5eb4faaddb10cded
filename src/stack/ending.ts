/** Explains why a process ended by itself, where more can be found out than its exit code says. */
import type { Clock } from '../lib/clock.ts';
import { toldPort } from '../plan/address.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { StackKey } from '../protocol/messages.ts';
import { explainBackground } from './background.ts';
import { numbersInUse } from './in-use.ts';
import type { LogStore } from './logs/store.ts';
import { primaryOf } from './readiness/own-ports.ts';
import type { Ended } from './replica-options.ts';
import type { End } from './service.ts';
import { describeDenied, findDenied, type AskHolders } from './taken.ts';

/** Lines of its log in which a process may say why it ended. */
const LINES = 40;

export interface EndingOptions {
  readonly logs: Pick<LogStore, 'tail'>;
  readonly key: StackKey;
  readonly holdersOf: AskHolders;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Looks who has the port that a process says was in use, or that one which ended well has left to somebody. What another launch said is not why this one ended. A process that
 * was ready all the same is not started again: whoever has the port would answer its probe again.
 *
 * @returns undefined where it says nothing of the kind; a promise of nothing where nobody has the port any more
 */
export function explainEnd(
  { launched, launch, wasReady, exitCode }: Ended,
  { logs, key, holdersOf, clock }: EndingOptions,
): Promise<Pick<End, 'why' | 'isLasting'> | undefined> | undefined {
  const { name, ports } = launched;
  if (exitCode === 0) return isServer(launched) ? explainBackground(launched, holdersOf, clock) : undefined;
  const named = numbersInUse(logs.tail(name, LINES, launch));
  if (named === undefined) return undefined;
  const numbers = named.length > 0 ? named : ports.map(toldPort);
  const primary = primaryOf(ports);
  return findDenied(numbers, { ...key, service: name }, holdersOf).then((denied) => {
    if (denied === undefined) return undefined;
    const told = primary && toldPort(primary);
    const why = describeDenied(denied, told, name);
    const isStranger = denied.holder.owner === undefined;
    return {
      why: wasReady && isProbedAnywhere(launched) ? { ...why, message: `${why.message}${DECEIVED}` } : why,
      isLasting: denied.isLasting || (wasReady && isStranger),
    };
  });
}

/** Whether it has ports, and no container of its own. */
const isServer = ({ service, ports }: ResolvedService): boolean =>
  service.kind === 'process' && ports.length > 0;

const DECEIVED = '; it was called ready because another program answered its probe';

/** Whether what says that it is ready may have asked any program: a command dials whom it likes. */
const isProbedAnywhere = ({ service }: ResolvedService): boolean =>
  service.kind === 'process' && service.ready.kind === 'exec';
