/** Changes of single replicas that moves and events are made of. */
import { step as stepLife, type Policy, type ServiceEvent } from '../service.ts';
import type { Replica, Roster, RosterEffect, RosterRules, RosterStep } from './roster.ts';

export function sendAll(
  roster: Roster,
  isMeant: (replica: Replica) => boolean,
  event: ServiceEvent,
  rules: RosterRules,
): RosterStep {
  let current = roster;
  const effects: RosterEffect[] = [];
  for (const { slot } of roster.replicas.filter(isMeant)) {
    const [next, more] = send(current, slot, event, rules);
    current = next;
    effects.push(...more);
  }
  return [current, effects];
}

/** A challenger has one attempt: its predecessor is there. One that retires is not started again. */
const ONE_ATTEMPT: Policy = { restart: 'no', max: 0, mayEnd: false };

export function send(roster: Roster, slot: number, event: ServiceEvent, { policy }: RosterRules): RosterStep {
  const replica = roster.replicas.find((one) => one.slot === slot);
  if (replica === undefined) return [roster, []];
  const [life, effects] = stepLife(replica.life, event, replica.role === 'serving' ? policy : ONE_ATTEMPT);
  const next = life === replica.life ? roster : put(roster, { ...replica, life });
  return [next, effects.map((effect) => ({ type: 'replica', slot, effect }))];
}

/** Adds the replica, or replaces the one in its slot. */
export function put(roster: Roster, replica: Replica): Roster {
  const isKnown = roster.replicas.some((one) => one.slot === replica.slot);
  const replicas = isKnown
    ? roster.replicas.map((one) => (one.slot === replica.slot ? replica : one))
    : [...roster.replicas, replica];
  return { ...roster, replicas };
}
