/** The instances of one service in words: which of them are up, and why another is not. Pure. */
import type { PublishedInstance, PublishedService } from '../protocol/messages.ts';
import { statusOf, type Status } from '../protocol/status.ts';

export interface InstanceTold {
  /** "replica 2", or "instance 1" of a service of which one serves. */
  readonly name: string;
  readonly role: PublishedInstance['role'];
  readonly status: Status;
  readonly pid?: number;
  /** Why it is not up, and what to do. */
  readonly reason?: string;
  readonly hint?: string;
}

/** Those that a service was asked to have, without those that come or go. */
export const servingOf = ({ instances = [] }: PublishedService): PublishedInstance[] =>
  instances.filter(({ role }) => role === 'serving');

/** Ends, and what runs and does not answer; one that is on its way for the first time is none of them. */
const BROKEN: readonly PublishedInstance['state'][] = ['failed', 'backoff', 'unwell'];

/** Replicas beside which others may serve: they crashed, or do not answer. */
export const brokenOf = (service: PublishedService): PublishedInstance[] =>
  servingOf(service).filter(({ state }) => BROKEN.includes(state));

export function tellInstance(service: PublishedService, instance: PublishedInstance): InstanceTold {
  const { slot, role, state, pid, failure } = instance;
  const hint = failure?.hint;
  return {
    name: nameOf(service, slot),
    role,
    status: statusOf({ state }),
    ...(pid === undefined ? {} : { pid }),
    ...(failure === undefined ? {} : { reason: failure.message }),
    ...(hint === undefined ? {} : { hint }),
  };
}

const nameOf = (service: PublishedService, slot: number): string =>
  `${servingOf(service).length > 1 ? 'replica' : 'instance'} ${slot}`;

/** `replica 2 is restarting: exited with code 1`. */
export function describeInstance(service: PublishedService, instance: PublishedInstance): string {
  const { name, status, reason } = tellInstance(service, instance);
  return `${name} is ${status}${reason === undefined ? '' : `: ${reason}`}`;
}

/** How many of the replicas of a service are ready, and how those are that are not; undefined where all are. */
export function describeShortage(service: PublishedService): string | undefined {
  const serving = servingOf(service);
  const open = serving.filter(({ state }) => state !== 'ready');
  if (serving.length < 2 || open.length === 0) return undefined;
  const others = open.map((one) => describeInstance(service, one)).join('; ');
  return `${serving.length - open.length} of ${serving.length} replicas ready; ${others}`;
}
