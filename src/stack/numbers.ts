/**
 * Numbers of a running stack that change without an edit: a lease that moves because a stranger holds its number
 * (`onConflict: reassign`), and a port that the service chose itself (`follow`). Nothing else moves.
 */
import { messageOf } from '../lib/errors.ts';
import type { Leases, ResolvedPort } from '../plan/plan.ts';
import { leaseInSlot } from '../plan/slots.ts';
import type { PortHolder } from '../protocol/messages.ts';
import type { RunnerEvent } from './events.ts';
import { renumber, rulesOf, type PreparedStack } from './prepare.ts';
import type { Session } from './session.ts';

export interface Numbers {
  /** Numbers that services opened in place of their leases. */
  readonly followed: Leases;
  /** Asks for another number; false when the port keeps the one it has. */
  reassign(service: string, port: string, holder: PortHolder | undefined): Promise<boolean>;
  /** The instance in the slot opened this number. */
  follow(service: string, port: Pick<ResolvedPort, 'name' | 'ramp'>, slot: number, number: number): void;
}

export interface NumbersOptions {
  readonly session: Pick<Session, 'request'>;
  readonly prepared: () => PreparedStack | undefined;
  /** Takes over the new numbers; `moved` is the service whose port it is, which needs no restart. */
  readonly adopt: (next: PreparedStack, moved: string) => void;
  readonly onEvent: (event: RunnerEvent) => void;
}

export function createNumbers({ session, prepared, adopt, onEvent }: NumbersOptions): Numbers {
  const followed = new Map<string, Map<string, number>>();

  const reassign: Numbers['reassign'] = async (service, port, holder) => {
    const asked = prepared();
    const before = asked?.leases.find((one) => one.service === service && one.port === port);
    if (asked === undefined || before === undefined) return false;
    const { root, environment } = asked.stack;
    const request = {
      stack: { root, environment },
      port: { service, port },
      number: before.number,
      rules: rulesOf(asked.contract),
    };
    const answer = await session.request('reassign', request).catch((error: unknown) => {
      const text = `${service}.${port} could not be given another number: ${messageOf(error)}`;
      onEvent({ type: 'notice', text, service });
    });
    if (answer === undefined) return false;
    const { lease, moved } = answer;
    const current = prepared();
    if (current === undefined || lease.number === before.number) return false;
    followed.get(service)?.delete(port);
    const others = current.leases.filter((one) => one.service !== service || one.port !== port);
    adopt(renumber(current, [...others, lease], followed), service);
    const { number: from } = before;
    if (moved) onEvent({ type: 'reassigned', service, port, from, lease, holder });
    return true;
  };

  const follow: Numbers['follow'] = (service, port, slot, number) => {
    const current = prepared();
    const name = leaseInSlot(port, slot);
    const lease = current?.leases.find((one) => one.service === service && one.port === name);
    if (current === undefined || lease === undefined) return;
    const ports = followed.get(service) ?? new Map<string, number>();
    followed.set(service, ports);
    // It came back to the port that it was given.
    if (lease.number === number) ports.delete(name);
    else ports.set(name, number);
    adopt(renumber(current, current.leases, followed), service);
    onEvent({ type: 'followed', service, port: port.name, from: lease.number, to: number });
  };

  return { followed, reassign, follow };
}
