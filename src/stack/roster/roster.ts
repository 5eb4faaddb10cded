/** A service with its replicas: what is known of it, and what can be asked. Pure; `step.ts` says how it goes on. */
import {
  isRunning,
  type Cause,
  type Effect,
  type Policy,
  type ServiceEvent,
  type ServiceState,
} from '../service.ts';

export interface Roster {
  readonly goal: 'up' | 'down';
  /** How many replicas serve when all is well. */
  readonly size: number;
  /** Counts the values that the service was given, and the restarts that were asked for. */
  readonly revision: number;
  /** The revision that never got ready beside its predecessor: not tried again. */
  readonly refused?: number;
  readonly replicas: readonly Replica[];
}

export interface Replica {
  /** Which of the service's target ports it has; no two replicas share one. */
  readonly slot: number;
  /** What it was, or will be, started with. */
  readonly revision: number;
  readonly role: Role;
  readonly life: ServiceState;
}

/** Who gets requests: `serving` once it is ready, `challenger` not yet, `retiring` not any more. */
export type Role = 'serving' | 'challenger' | 'retiring';

export type RosterEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** There are new values, perhaps with another number of replicas, or a restart was asked for. */
  | { readonly type: 'restart'; readonly size?: number }
  | { readonly type: 'scale'; readonly size: number }
  /** Something happened to one replica; one that is gone does not mind. */
  | { readonly type: 'replica'; readonly slot: number; readonly event: ServiceEvent }
  /** Told to all of them. */
  | { readonly type: 'replicas'; readonly event: ServiceEvent };

export type RosterEffect =
  | { readonly type: 'replica'; readonly slot: number; readonly effect: Effect }
  /** The replica is gone, and its slot free. */
  | { readonly type: 'forget'; readonly slot: number }
  | { readonly type: 'swapped'; readonly revision: number }
  | { readonly type: 'refused'; readonly cause: Cause };

/** What the contract says. */
export interface RosterRules {
  readonly policy: Policy;
  readonly strategy: 'replace' | 'handoff' | 'rolling';
  readonly onUnready: 'rollback' | 'fail';
  /** How many replicas may exist at once: there is a target port for each. */
  readonly slots: number;
}

export type RosterStep = readonly [Roster, readonly RosterEffect[]];

export const emptyRoster: Roster = { goal: 'down', size: 1, revision: 1, replicas: [] };

/** Replicas that requests may go to. */
export const targetsOf = (roster: Roster): readonly Replica[] =>
  roster.replicas.filter((replica) => replica.role === 'serving' && isUp(replica));

/** The oldest revision of those that serve; where none does, that of those that will. */
export const oldestServing = (roster: Roster): number =>
  Math.min(roster.revision, ...withRole(roster, 'serving').map(({ revision }) => revision));

/** Whether a process may exist. */
export const hasProcess = ({ replicas }: Roster): boolean => replicas.some(({ life }) => isRunning(life));

/** Whether one revision is just taking the place of another, or a replica is leaving. */
export const isChanging = ({ replicas }: Roster): boolean => replicas.some(({ role }) => role !== 'serving');

/** Best first: a service is as well as its best replica. */
const RANK: readonly ServiceState['state'][] = [
  'ready',
  'unwell',
  'warming',
  'starting',
  'waiting',
  'backoff',
  'stopping',
  'failed',
  'done',
  'idle',
];

/** The state of the service as a whole. */
export function stateOf({ replicas }: Roster): ServiceState {
  const serving = replicas.filter(({ role }) => role === 'serving');
  const [best] = (serving.length > 0 ? serving : replicas)
    .map(({ life }) => life)
    .sort((left, right) => RANK.indexOf(left.state) - RANK.indexOf(right.state));
  return best ?? { state: 'idle' };
}

/** Whether it was ready and still runs. */
export const isUp = ({ life }: Replica): boolean =>
  life.state === 'ready' || (life.state === 'unwell' && life.since !== undefined);

/** States of a replica in which nothing happens by itself, and nothing runs. */
export const AT_REST: readonly ServiceState['state'][] = ['idle', 'failed', 'done'];

export const withRole = (roster: Roster, role: Role): readonly Replica[] =>
  roster.replicas.filter((replica) => replica.role === role);
