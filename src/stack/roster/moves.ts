/** What a service does by itself, one thing after the other, until all is as it should be. Pure. */
import { put, send, sendAll } from './send.ts';
import {
  AT_REST,
  isUp,
  withRole,
  type Replica,
  type Role,
  type Roster,
  type RosterEffect,
  type RosterRules,
  type RosterStep,
} from './roster.ts';

type Move = (roster: Roster, rules: RosterRules) => RosterStep | undefined;

/** Who is gone goes first, who is new comes last. */
const MOVES: readonly Move[] = [forget, withdraw, refuse, promote, swap, shrink, grow, replace, challenge];

/** Undefined when there is nothing left to do. */
export function nextMove(roster: Roster, rules: RosterRules): RosterStep | undefined {
  for (const move of MOVES) {
    const made = move(roster, rules);
    if (made !== undefined) return made;
  }
  return undefined;
}

/** Takes a replica out of service, and stops it. */
const retire = (roster: Roster, replica: Replica, rules: RosterRules): RosterStep =>
  send(put(roster, { ...replica, role: 'retiring' }), replica.slot, { type: 'stop' }, rules);

function retireAll(roster: Roster, replicas: readonly Replica[], rules: RosterRules): RosterStep {
  let current = roster;
  const effects: RosterEffect[] = [];
  for (const replica of replicas) {
    const [next, more] = retire(current, replica, rules);
    current = next;
    effects.push(...more);
  }
  return [current, effects];
}

const promoteAll = (roster: Roster, replicas: readonly Replica[]): Roster =>
  replicas.reduce((current, replica) => put(current, { ...replica, role: 'serving' }), roster);

function forget(roster: Roster): RosterStep | undefined {
  const gone = roster.replicas.find(
    ({ role, life }) =>
      (role === 'retiring' && AT_REST.includes(life.state)) ||
      (roster.goal === 'down' && life.state === 'idle'),
  );
  if (gone === undefined) return undefined;
  const replicas = roster.replicas.filter((one) => one !== gone);
  return [{ ...roster, replicas }, [{ type: 'forget', slot: gone.slot }]];
}

/** Challengers of a revision that is itself out of date. */
function withdraw(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const stale = withRole(roster, 'challenger').filter(({ revision }) => revision !== roster.revision);
  return stale.length === 0 ? undefined : retireAll(roster, stale, rules);
}

function refuse(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const challengers = withRole(roster, 'challenger');
  const failed = challengers.find(({ life }) => AT_REST.includes(life.state));
  if (failed === undefined) return undefined;
  const cause = failed.life.state === 'failed' ? failed.life.cause : { message: 'it ended' };
  const [alone, effects] = retireAll({ ...roster, refused: roster.revision }, challengers, rules);
  const told: RosterEffect[] = [...effects, { type: 'refused', cause }];
  if (rules.onUnready === 'rollback') return [alone, told];
  const [next, more] = sendAll(alone, ({ role }) => role === 'serving', { type: 'abandon', cause }, rules);
  return [next, [...told, ...more]];
}

/** Serving replicas of an older revision that have to go. */
function outdated(roster: Roster): readonly Replica[] {
  if (roster.goal === 'down' || roster.refused === roster.revision) return [];
  return withRole(roster, 'serving').filter(({ revision }) => revision !== roster.revision);
}

/** An old replica that broke down while its successor was on the way needs no hand-off any more. */
function promote(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const [challenger] = withRole(roster, 'challenger');
  const down = outdated(roster).find((one) => !isUp(one));
  if (challenger === undefined || down === undefined) return undefined;
  return retire(promoteAll(roster, [challenger]), down, rules);
}

/** How many challengers are to be ready at the next swap. */
function wave(roster: Roster, { strategy, slots }: RosterRules): number {
  const old = outdated(roster).filter(isUp).length;
  const room = slots - withRole(roster, 'serving').length;
  if (strategy === 'replace') return 0;
  return Math.max(0, Math.min(strategy === 'rolling' ? 1 : old, old, room));
}

function swap(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const challengers = withRole(roster, 'challenger');
  const isReady = challengers.length > 0 && challengers.every(isUp);
  if (!isReady || challengers.length < wave(roster, rules)) return undefined;
  const old = outdated(roster).filter(isUp).slice(0, challengers.length);
  const [next, effects] = retireAll(promoteAll(roster, challengers), old, rules);
  return [next, [{ type: 'swapped', revision: roster.revision }, ...effects]];
}

function shrink(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const serving = withRole(roster, 'serving');
  if (serving.length <= roster.size) return undefined;
  // Those that help least, then those that came last.
  const victim = serving.find((one) => !isUp(one)) ?? serving.toSorted((a, b) => b.slot - a.slot)[0];
  return victim === undefined ? undefined : retire(roster, victim, rules);
}

function grow(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const serving = withRole(roster, 'serving');
  if (roster.goal === 'down' || serving.length >= roster.size) return undefined;
  // Beside replicas that stayed because the newest values did not work, another one of theirs.
  const [model] = roster.refused === roster.revision ? serving : [];
  return enter(roster, 'serving', model?.revision ?? roster.revision, rules);
}

/** Restarts an outdated replica where it is: it serves nobody, or the strategy says so. */
function replace(roster: Roster, rules: RosterRules): RosterStep | undefined {
  const mayChallenge = rules.strategy !== 'replace' && rules.slots > roster.size;
  const old = outdated(roster).find((one) => !mayChallenge || !isUp(one));
  if (old === undefined) return undefined;
  const renewed = put(roster, { ...old, revision: roster.revision });
  return send(renewed, old.slot, { type: 'restart' }, rules);
}

function challenge(roster: Roster, rules: RosterRules): RosterStep | undefined {
  if (withRole(roster, 'challenger').length >= wave(roster, rules)) return undefined;
  return enter(roster, 'challenger', roster.revision, rules);
}

function enter(roster: Roster, role: Role, revision: number, rules: RosterRules): RosterStep | undefined {
  const slot = freeSlot(roster, rules);
  if (slot === undefined) return undefined;
  const replica: Replica = { slot, revision, role, life: { state: 'idle' } };
  return send(put(roster, replica), slot, { type: 'start' }, rules);
}

function freeSlot(roster: Roster, { slots }: RosterRules): number | undefined {
  for (let slot = 0; slot < slots; slot += 1) {
    if (!roster.replicas.some((one) => one.slot === slot)) return slot;
  }
  return undefined;
}
