/** Which services start again because another one does: `restart: true` of `depends_on`, or a network that is shared. Pure. */
import { isOver } from './service.ts';
import type { Unit } from './unit.ts';

export interface Follower {
  readonly service: string;
  /** The one that starts again. */
  readonly of: string;
}

/**
 * Finds those that follow these services, and in turn those that follow them; each once. Not those that nobody started,
 * that somebody stopped, or that have done their work; one that failed may have done so for what it follows.
 */
export function findFollowers(
  names: readonly string[],
  units: readonly Pick<Unit, 'name' | 'resolved' | 'state' | 'goal'>[],
): readonly Follower[] {
  const wanted = units.filter(({ state, goal }) => goal === 'up' && state.state !== 'done');
  const known = new Set(names);
  const queue = [...names];
  const followers: Follower[] = [];
  for (let of = queue.shift(); of !== undefined; of = queue.shift()) {
    for (const { name: service, resolved } of wanted) {
      const follows = resolved.needs.some((need) => need.service === of && need.restart === true);
      if (!follows || known.has(service)) continue;
      known.add(service);
      queue.push(service);
      followers.push({ service, of });
    }
  }
  return followers;
}

/** Finds those that follow services which are about to be started. Nothing happens to what runs, nor to who follows that. */
export function findFollowersOfStart(
  names: readonly string[],
  units: readonly Pick<Unit, 'name' | 'resolved' | 'state' | 'goal'>[],
): readonly Follower[] {
  const begun = units.filter(
    ({ name, state }) => names.includes(name) && state.state !== 'done' && isOver(state),
  );
  return findFollowers(
    begun.map(({ name }) => name),
    units,
  );
}
