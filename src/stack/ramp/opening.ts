/** Opens the ramps of a service on numbers that its own process may still have: one that is replaced by replicas. */
import type { Clock } from '../../lib/clock.ts';
import { errnoOf } from '../../lib/errors.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { explainUnopened, isSelf, type AskHolders } from '../taken.ts';

export interface OpeningOptions {
  readonly open: () => Promise<void> | undefined;
  readonly launched: ResolvedService;
  readonly key: StackKey;
  readonly holdersOf: AskHolders;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

/** Milliseconds between two attempts, and for the end of a process that was told to end. */
const AGAIN = 100;
const SLACK = 15_000;

/** Undefined where there is nothing to open. @throws PortrampError PORT_TAKEN, SYSTEM */
export function openWhenLeft(options: OpeningOptions): Promise<void> | undefined {
  return options.open()?.catch((error: unknown) => openAgain(options, error));
}

/** A replica may be ready before the process that had the number alone has answered its last request. */
async function openAgain(
  { open, launched, key, holdersOf, clock }: OpeningOptions,
  first: unknown,
): Promise<void> {
  const began = clock.now();
  const patience = patienceFor(launched);
  for (let error = first; ;) {
    const isOver = clock.now() - began >= patience;
    if (isOver || !(await isOwn(error, { launched, key, holdersOf }))) {
      throw await explainUnopened(error, launched.ports, holdersOf);
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN, resolve));
    try {
      return await open();
    } catch (again) {
      error = again;
    }
  }
}

/** Milliseconds: requests that go on are waited for, then the process itself. */
const patienceFor = ({ service }: ResolvedService): number =>
  service.kind === 'process' ? service.transition.drainTimeout + service.stop.timeout + SLACK : SLACK;

/** Whether the number is in the hands of the service itself, of a process of a stack that is just leaving, or of nobody by now. */
async function isOwn(
  error: unknown,
  { launched, key, holdersOf }: Pick<OpeningOptions, 'launched' | 'key' | 'holdersOf'>,
): Promise<boolean> {
  const number = error instanceof Error && 'port' in error ? error.port : undefined;
  if (errnoOf(error) !== 'EADDRINUSE' || typeof number !== 'number') return false;
  const holders = (await holdersOf(number)) ?? [];
  const self = { ...key, service: launched.name };
  return holders.every(({ owner, pid, belonging }) =>
    owner === undefined ? pid === undefined || belonging === 'live' : isSelf(owner, self),
  );
}
