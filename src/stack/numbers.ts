/**
 * Numbers of a running stack that change without an edit: a lease that moves because a stranger holds its number
 * (`onConflict: reassign`), and a service that listens elsewhere and is followed. Nothing else moves.
 */
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { ResolvedPort } from '../plan/plan.ts';
import { leaseInSlot } from '../plan/slots.ts';
import type { Lease, PortHolder } from '../protocol/messages.ts';
import type { RunnerEvent } from './events.ts';
import { lineFor } from './findings.ts';
import { renumber, rulesOf, type PreparedStack } from './prepare.ts';
import type { Followed } from './readiness/following.ts';
import type { Session } from './session.ts';
import type { Unit } from './unit.ts';

export interface Numbers {
  /** Asks for another number; false when the port keeps the one it has. */
  reassign(service: string, port: string, holder: PortHolder | undefined): Promise<boolean>;
  /** Goes along with an instance that listens on this number, where it can be followed there. */
  follow(instance: FollowedInstance, number: number): Promise<Followed>;
  /**
   * Looks for the service on the number that it was given again: the one that it opened is another's now. False where
   * it was not followed, or that number is another's too.
   *
   * @param opened the number that is another's; nothing is to do where the service is looked for elsewhere by now
   */
  forget(service: string, port: string, slot: number, opened?: number): Promise<boolean>;
  /** Gives back numbers that were borrowed for ports which are followed no more. */
  settle(): Promise<void>;
}

/** The instance whose port is followed. */
export interface FollowedInstance {
  readonly service: string;
  readonly port: Pick<ResolvedPort, 'name' | 'ramp'>;
  readonly slot: number;
}

export interface NumbersOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly session: Pick<Session, 'request'>;
  readonly prepared: () => PreparedStack | undefined;
  /** Takes over the new numbers. `moved` is the service whose port it is, which needs no restart. */
  readonly adopt: (next: PreparedStack, moved: string) => void;
  readonly onEvent: (event: RunnerEvent) => void;
  /** Says something about a service. */
  readonly tell: (service: string, text: string) => void;
}

/** A number that changes this often within that time (milliseconds) is not followed until it has rested for as long. */
const MOST_CHANGES = 3;
const WHILE = 60_000;

const refuse = (why: string): Followed => ({ followed: false, why });

export function createNumbers({ clock, session, prepared, adopt, onEvent, tell }: NumbersOptions): Numbers {
  /** The times at which the number of a port changed, by service and lease. */
  const changes = new Map<string, readonly number[]>();

  const leaseOf = (service: string, port: string): Lease | undefined =>
    prepared()?.leases.find((one) => one.service === service && one.port === port);

  const put = (lease: Lease): void => {
    const current = prepared();
    if (current === undefined) return;
    const others = current.leases.filter((one) => one.service !== lease.service || one.port !== lease.port);
    adopt(renumber(current, [...others, lease]), lease.service);
  };

  const stackOf = ({ stack: { root, environment } }: PreparedStack) => ({ root, environment });

  const reassign: Numbers['reassign'] = async (service, port, holder) => {
    const asked = prepared();
    const before = leaseOf(service, port);
    if (asked === undefined || before === undefined) return false;
    const request = {
      stack: stackOf(asked),
      port: { service, port },
      number: before.number,
      rules: rulesOf(asked.contract),
    };
    const answer = await session.request('reassign', request).catch((error: unknown) => {
      const text = `${service}.${port} could not be given another number: ${messageOf(error)}`;
      tell(service, text);
    });
    if (answer === undefined) return false;
    const { lease, moved } = answer;
    if (prepared() === undefined || lease.number === before.number) return false;
    put(lease);
    const { number: from } = before;
    if (moved) onEvent({ type: 'reassigned', service, port, from, lease, holder });
    return true;
  };

  /** Notes at the daemon where the service listens. `holder`: the number is somebody else's. */
  const borrow = async (
    current: PreparedStack,
    lease: Lease,
    number: number,
  ): Promise<Lease | { holder: string }> => {
    const { service, port } = lease;
    const request = { stack: stackOf(current), port: { service, port }, number };
    const answer = await session.request('borrow', request).catch(() => undefined);
    if (answer?.holder !== undefined) return { holder: answer.holder };
    // A daemon that does not know the request, or is away for the moment, keeps nobody from the number.
    const { borrowed: _, ...own } = lease;
    return answer?.lease ?? (number === own.number ? own : { ...own, borrowed: number });
  };

  const isRestless = (name: string, number: number, own: number): boolean => {
    const recent = (changes.get(name) ?? []).filter((at) => clock.now() - at < WHILE);
    changes.set(name, [...recent, clock.now()]);
    return number !== own && recent.length + 1 >= MOST_CHANGES;
  };

  const follow: Numbers['follow'] = async ({ service, port, slot }, number) => {
    const current = prepared();
    const lease = leaseOf(service, leaseInSlot(port, slot));
    if (current === undefined || lease === undefined) return refuse('its port is not leased just now');
    const resolved = current.services.get(service);
    const known = resolved?.ports.find(({ name }) => name === port.name);
    // Who writes into the contract that it is to be followed begins anew.
    if (isRestless(`${service} ${lease.port} ${known?.follow ?? ''}`, number, lease.number)) {
      const text = `its port has changed ${MOST_CHANGES} times within a minute: it is not followed to ${number}`;
      tell(service, text);
      // By then it has rested for long enough.
      return { ...refuse(text), again: WHILE };
    }
    const lent = await borrow(current, lease, number);
    if ('holder' in lent) return refuse(`${number} belongs to ${lent.holder}: it is not followed there`);
    put(lent);
    const line =
      resolved !== undefined && known?.follow === 'usual' && number !== lease.number
        ? lineFor(resolved, known, 'follow: true')
        : undefined;
    onEvent({
      type: 'followed',
      service,
      port: port.name,
      from: lease.number,
      to: number,
      ...(line === undefined ? {} : { line }),
    });
    return { followed: true };
  };

  /** False where the number that was given is somebody else's by now: then the service is looked for as before. */
  const giveBack = async (current: PreparedStack, lease: Lease): Promise<boolean> => {
    const own = await borrow(current, lease, lease.number);
    if ('holder' in own || prepared() !== current) return false;
    put(own);
    return true;
  };

  const forget: Numbers['forget'] = async (service, port, slot, opened) => {
    const current = prepared();
    const known = current?.services.get(service)?.ports.find(({ name }) => name === port);
    const lease = known && leaseOf(service, leaseInSlot(known, slot));
    if (current === undefined || lease === undefined) return false;
    if (opened !== undefined && ![lease.number, lease.borrowed].includes(opened)) return true;
    if (lease.borrowed === undefined) return false;
    if (!(await giveBack(current, lease))) return false;
    const text = `port ${lease.borrowed}, on which it listened the last time, is another's now: it is looked for on ${lease.number}`;
    tell(service, text);
    return true;
  };

  const settle: Numbers['settle'] = async () => {
    const lent = prepared()?.leases.filter(({ borrowed }) => borrowed !== undefined) ?? [];
    for (const lease of lent) {
      const current = prepared();
      const [name] = lease.port.split('@');
      const port = current?.services.get(lease.service)?.ports.find((one) => one.name === name);
      if (current !== undefined && port?.follow === 'never') await giveBack(current, lease);
    }
  };

  return { reassign, follow, forget, settle };
}

/** Goes along with an instance, and has it looked for on the number that it opened. */
export async function followUnit(
  numbers: Numbers | undefined,
  { unit, slot, port }: { readonly unit: Unit; readonly slot: number; readonly port: ResolvedPort },
  number: number,
): Promise<Followed> {
  if (numbers === undefined) return refuse('its stack is going down');
  const result = await numbers.follow({ service: unit.name, port, slot }, number);
  if (result.followed) unit.retarget(slot);
  return result;
}

/** Looks for an instance on the number that it was given again; false where that cannot be. */
export async function forgetUnit(
  numbers: Numbers | undefined,
  { unit, slot, port }: { readonly unit: Unit; readonly slot: number; readonly port: string },
  opened: number,
): Promise<boolean> {
  const isForgotten = (await numbers?.forget(unit.name, port, slot, opened)) ?? false;
  if (isForgotten) unit.retarget(slot);
  return isForgotten;
}

/** Says where services listened when they ran last, which their consumers are told until it is known better. */
export const describeRemembered = ({ services }: Pick<PreparedStack, 'services'>): string[] =>
  [...services.values()].flatMap(({ name, ports }) =>
    ports
      .filter(({ leased }) => leased !== undefined)
      .map(
        (port) =>
          `${name}.${port.name} listened on ${port.targetPort} in place of ${port.leased ?? 0} the last time; consumers are told so`,
      ),
  );
