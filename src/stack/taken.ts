/** Finds the process that has a port which a service wants, and says what to type. */
import type { Clock } from '../lib/clock.ts';
import { errnoOf, PortrampError } from '../lib/errors.ts';
import {
  describeBelonging,
  describeForbidden,
  describeHolder,
  howToEnd,
  type Belonging,
} from '../lib/holder.ts';
import type { ResolvedPort } from '../plan/plan.ts';
import type { DaemonResult, PortHolder, StackKey } from '../protocol/messages.ts';
import type { StartFailure } from '../runtime/instance.ts';
import type { Session } from './session.ts';

/** The service of a running stack that has the port. */
export type PortOwner = NonNullable<DaemonResult<'holder'>['owner']>;

/** The process that holds a port, and the stack that it belongs to. */
export type SeenHolder = PortHolder & {
  readonly belonging?: Belonging | undefined;
  readonly owner?: PortOwner | undefined;
};

/** Asks who holds a port: empty when it is free, undefined when nobody can tell. */
export type AskHolders = (port: number) => Promise<readonly SeenHolder[] | undefined>;

/** Asks the daemon which process holds a port. A port that is not free is held, even if nobody can say by whom. */
export async function askHolders(
  session: Pick<Session, 'request'>,
  port: number,
  belongingOf: (pid: number) => Promise<Belonging | undefined>,
): Promise<readonly SeenHolder[] | undefined> {
  // Without a daemon for the moment nobody can tell; the service will find out itself.
  const answer = await session.request('holder', { port }).catch(() => undefined);
  if (answer === undefined) return undefined;
  const { free, holders, owner } = answer;
  if (free) return [];
  if (holders.length === 0) return [{ owner }];
  return Promise.all(
    holders.map(async (holder) => {
      const { pid } = holder;
      // A record that cannot be read says nothing; the holder is named all the same.
      const belonging = pid === undefined ? undefined : await belongingOf(pid).catch(() => undefined);
      return { ...holder, belonging: owner === undefined ? belonging : 'live', owner };
    }),
  );
}

/** Milliseconds without an answer after which the daemon is not asked, for as long, who holds a port. */
const SILENCE = 5_000;

/**
 * Makes the question of a whole stack: a daemon that does not answer is waited for once, not once for each port of each
 * service that starts.
 */
export function createAskHolders(
  session: Pick<Session, 'request'>,
  belongingOf: (pid: number) => Promise<Belonging | undefined>,
  clock: Pick<Clock, 'now'>,
): AskHolders {
  let notBefore = -Infinity;
  return async (port) => {
    const began = clock.now();
    if (began < notBefore) return undefined;
    const found = await askHolders(session, port, belongingOf);
    // Without a connection the answer comes at once: then there is soon another daemon, which is asked.
    if (found === undefined && clock.now() - began >= SILENCE) notBefore = clock.now() + SILENCE;
    return found;
  };
}

/** Says who has a port that a service was to be started on. */
export function describeTaken(number: number, name: string, holders: readonly SeenHolder[]): StartFailure {
  const [holder = {}] = holders;
  const end = howToEnd(number, holder);
  return {
    message: `port ${number} (${name}) is held by ${nameHolder(holder)}`,
    hint: end === undefined ? 'end it, then start the service again' : `end it: ${end}`,
  };
}

/** "web of shop, node server.js (pid 12, in /home/me/shop)". */
function nameHolder(holder: SeenHolder): string {
  const { owner, belonging } = holder;
  if (owner !== undefined) return `${owner.service} of ${owner.stack}, ${describeHolder(holder)}`;
  return `${describeHolder(holder)}${describeBelonging(belonging)}`;
}

/** Says the same of a ramp, which the runner opens itself: what Node says of it names nobody. */
export async function explainUnopened(
  error: unknown,
  ports: readonly ResolvedPort[],
  holdersOf: AskHolders,
): Promise<unknown> {
  const number = error instanceof Error && 'port' in error ? error.port : undefined;
  const ramp = ports.find((port) => port.port === number);
  if (ramp === undefined) return error;
  if (errnoOf(error) === 'EACCES') {
    const message = `port ${ramp.port} (${ramp.name}) ${describeForbidden(ramp.port)}`;
    return new PortrampError('SYSTEM', message, { cause: error });
  }
  if (errnoOf(error) !== 'EADDRINUSE') return error;
  const { message, hint } = describeTaken(ramp.port, ramp.name, (await holdersOf(ramp.port)) ?? []);
  return new PortrampError('PORT_TAKEN', message, { hint, cause: error });
}

/** A number that a service wanted and did not get. */
export interface Denied {
  readonly number: number;
  readonly holder: SeenHolder;
  /** Another attempt finds the same: another service has it, and stays. */
  readonly isLasting: boolean;
}

/** A service of that status lets go of its port soon. */
const LEAVING: readonly string[] = ['stopping', 'restarting'];

/** Milliseconds for which a service that is about to let go of a number is waited for, and a socket that nobody has. */
const LEAVE_TIME = 15_000;
const CLOSE_TIME = 2_000;

/** Milliseconds between two looks. */
const AGAIN = 100;

/**
 * Asks who holds a number that a service is to have, and waits for those who are leaving: a service that is being
 * stopped, as one that an edit has renamed, and a socket whose process has just ended.
 */
export async function holdersThatStay(
  number: number,
  holdersOf: AskHolders,
  clock: Pick<Clock, 'now' | 'after'>,
): ReturnType<AskHolders> {
  const began = clock.now();
  for (;;) {
    const holders = await holdersOf(number);
    if (holders === undefined || clock.now() - began >= patienceWith(holders)) return holders;
    await new Promise<void>((resolve) => void clock.after(AGAIN, resolve));
  }
}

function patienceWith(holders: readonly SeenHolder[]): number {
  const [first] = holders;
  if (first === undefined) return 0;
  if (holders.some(({ owner }) => owner !== undefined && LEAVING.includes(owner.status))) return LEAVE_TIME;
  return first.pid === undefined && first.owner === undefined ? CLOSE_TIME : 0;
}

/**
 * Looks which of the numbers somebody else has.
 *
 * @param numbers that the service says were in use when it ended
 * @param self the service and its stack
 * @returns undefined where all of them are free by now, or its own
 */
export async function findDenied(
  numbers: readonly number[],
  self: StackKey & { readonly service: string },
  holdersOf: AskHolders,
): Promise<Denied | undefined> {
  for (const number of numbers) {
    const [holder] = (await holdersOf(number)) ?? [];
    if (holder === undefined) continue;
    const { owner } = holder;
    if (owner !== undefined && isSelf(owner, self)) continue;
    return { number, holder, isLasting: owner !== undefined && !LEAVING.includes(owner.status) };
  }
  return undefined;
}

/** Whether the port belongs to this service of this stack. */
export const isSelf = (owner: PortOwner, self: StackKey & { readonly service: string }): boolean =>
  owner.root === self.root && owner.environment === self.environment && owner.service === self.service;

/**
 * Says why a service ended that did not get its number.
 *
 * @param told the number that it was given; undefined where it has no port
 */
export function describeDenied(
  { number, holder }: Denied,
  told: number | undefined,
  service: string,
): StartFailure {
  const { owner } = holder;
  const how = howToEnd(number, holder);
  const what = owner === undefined ? 'end it' : `stop ${owner.service}`;
  const end = how === undefined ? 'end what has it' : `${what}: ${how}`;
  const move =
    told === undefined || told === number ? '' : `give ${service} the port that PORT says (${told}), or `;
  return { message: `it wants port ${number}, which ${nameHolder(holder)} has`, hint: `${move}${end}` };
}
