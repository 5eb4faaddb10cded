/** What a unit is given, and what it shows of its replicas. */
import type { Clock } from '../lib/clock.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type { Instance } from '../runtime/instance.ts';
import type { LogStore } from './logs/store.ts';
import type { Followed } from './readiness/following.ts';
import type { WatchedLook } from './readiness/looks.ts';
import type { StartMemory } from './readiness/starts.ts';
import type { ExplainEnd, Launch, LaunchResult } from './replica-options.ts';
import type { Replica } from './roster/roster.ts';
import type { Unit } from './unit.ts';

/** A service, and how the instance in each slot is launched. */
export interface Blueprint {
  readonly service: ResolvedService;
  readonly instance: (slot: number) => ResolvedService;
}

export interface UnitOptions {
  readonly clock: Clock;
  readonly logs: LogStore;
  readonly launch: (unit: Unit, launch: Launch) => Promise<LaunchResult>;
  /** Remembers how long services were silent when they started before. */
  readonly starts: Pick<StartMemory, 'begin'>;
  /** Gives the way to see whether a container is ready. */
  readonly lookAt: (launched: ResolvedService) => WatchedLook;
  /** Opens what leads to the instance, before it is called ready. Rejects when that is not possible. */
  readonly open: (launched: ResolvedService) => Promise<void> | undefined;
  /** Resolves when the instance gets no requests any more and those under way are over, or late. */
  readonly drain: (drain: Drain) => Promise<void>;
  readonly explainEnd: ExplainEnd;
  /** Called after every change of state. */
  readonly onChange: (unit: Unit) => void;
  /** The instance in the slot is a server on this number: it is to be followed, where that can be. */
  readonly onFollow: (unit: Unit, slot: number, port: ResolvedPort, number: number) => Promise<Followed>;
  /** Something to tell a person. */
  readonly onNotice: (unit: Unit, text: string) => void;
  readonly onSpawn: (pid: number) => void;
  readonly onExit: (pid: number) => void;
}

export interface Drain {
  readonly unit: Unit;
  readonly launched: ResolvedService;
  /** `retire`: another instance has taken over. `replace`: its successor comes after it. `stop`: nobody follows. */
  readonly reason: 'retire' | 'replace' | 'stop';
}

/** An instance that requests may go to. */
export interface UnitTarget {
  readonly slot: number;
  readonly service: ResolvedService;
}

/** A replica as it is now. */
export interface UnitInstance extends Replica {
  readonly launched: ResolvedService | undefined;
  readonly process: Instance | undefined;
  /** Which launch of the service its last process was; undefined before that. */
  readonly launch?: number | undefined;
  /** Whether something of its own listens, by port; absent: nobody has looked. */
  readonly listening: ReadonlyMap<string, boolean>;
}
