/**
 * A service with its replicas, as a pure function: how many there are, which revision of its values each of them was
 * started with, and how one revision takes the place of another. What happens to a single replica is in `../service.ts`.
 *
 *     replace   ● serving, old ──restart──▶ ● the same replica, new
 *
 *     handoff   ● serving, old ─────────────┬──▶ ○ retiring ──drained, gone──▶
 *     rolling   ◌ challenger, new ──ready───┴──▶ ● serving
 *                    └── failed: the challenger goes, the old one stays (or fails too: `onUnready`)
 *
 * `handoff` starts all challengers beside all old replicas and swaps once; `rolling` goes one by one. An event is
 * applied first; then the moves of `moves.ts` are made, first things first, until there is none left to make.
 */
import { nextMove } from './moves.ts';
import type { Roster, RosterEvent, RosterRules, RosterStep } from './roster.ts';
import { send, sendAll } from './send.ts';

export function stepRoster(roster: Roster, event: RosterEvent, rules: RosterRules): RosterStep {
  let [current, effects] = applyEvent(roster, event, rules);
  for (let move = nextMove(current, rules); move !== undefined; move = nextMove(current, rules)) {
    [current, effects] = [move[0], [...effects, ...move[1]]];
  }
  return [current, effects];
}

function applyEvent(roster: Roster, event: RosterEvent, rules: RosterRules): RosterStep {
  switch (event.type) {
    case 'start': {
      const { refused: _, ...rest } = roster;
      return sendAll({ ...rest, goal: 'up' }, (one) => one.role === 'serving', { type: 'start' }, rules);
    }
    case 'stop': {
      const replicas = roster.replicas.map((one) =>
        one.role === 'challenger' ? { ...one, role: 'retiring' as const } : one,
      );
      return sendAll({ ...roster, goal: 'down', replicas }, () => true, { type: 'stop' }, rules);
    }
    case 'restart': {
      const { refused: _, ...rest } = roster;
      return [{ ...rest, goal: 'up', size: event.size ?? roster.size, revision: roster.revision + 1 }, []];
    }
    case 'scale':
      return [{ ...roster, size: event.size }, []];
    case 'replica':
      return send(roster, event.slot, event.event, rules);
    case 'replicas':
      return sendAll(roster, () => true, event.event, rules);
  }
}
