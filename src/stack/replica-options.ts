/** The options of a replica. */
import type { Clock } from '../lib/clock.ts';
import type { Follow, ResolvedService } from '../plan/plan.ts';
import type { ProcessSpec, StartResult } from '../runtime/instance.ts';
import type { LogStore } from './logs/store.ts';
import type { Followed } from './readiness/following.ts';
import type { WatchedLook } from './readiness/looks.ts';
import type { StartMemory } from './readiness/starts.ts';
import type { Finding } from './readiness/watch-options.ts';
import type { End, ServiceEvent } from './service.ts';

/** A process that is about to be started. */
export interface Launch {
  /** With the target ports of its slot. As it is now: its numbers may change while it is launched. */
  readonly service: () => ResolvedService;
  readonly slot: number;
  /** Counts the launches of the service within the run. */
  readonly generation: number;
  /** A task is to run even if it has nothing to do: a person asked for it. */
  readonly forced: boolean;
  readonly onOutput: ProcessSpec['onOutput'];
}

/** `skipped`: a task whose inputs are those of its last success. */
export type LaunchResult = StartResult | { readonly skipped: true };

/** A process that has ended by itself, with a code. */
export interface Ended {
  readonly launched: ResolvedService;
  /** Counts the launches of the service. */
  readonly launch: number;
  /** Whether it had been called ready. */
  readonly wasReady: boolean;
  readonly exitCode: number;
}

/** How the last process of a service ended; times are milliseconds of the clock. */
export interface LastEnd {
  readonly at: number;
  /** Absent where nothing was started. */
  readonly took?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  /** A task that had nothing to do. */
  readonly skipped?: true;
}

/** Finds out more about an end, where there is more to know. */
export type ExplainEnd = (ended: Ended) => Promise<Partial<End> | undefined> | undefined;

export interface ReplicaOptions {
  readonly service: string;
  readonly slot: number;
  readonly clock: Clock;
  readonly logs: LogStore;
  /** Tells what the next launch uses, by the revision that the replica is to have. */
  readonly next: () => Omit<Launch, 'onOutput'>;
  readonly launch: (launch: Launch) => Promise<LaunchResult>;
  /** Remembers how long the service was silent when it started before. */
  readonly starts: Pick<StartMemory, 'begin'>;
  /** Gives the way to see whether a container is ready. */
  readonly lookAt: (launched: ResolvedService) => WatchedLook;
  /** Opens what leads to the instance, before it is called ready. */
  readonly open: (launched: ResolvedService) => Promise<void> | undefined;
  /** Resolves when the instance gets no requests any more and those under way are over, or late. */
  readonly drain: (launched: ResolvedService) => Promise<void>;
  readonly explainEnd: ExplainEnd;
  readonly onEvent: (event: ServiceEvent) => void;
  /** Tells what the contract says, now, about another number that the port's instance opens. */
  readonly follows: () => Follow;
  /** The instance is a server on this number: it is to be followed there, where that can be. */
  readonly onFollow: (port: string, number: number) => Promise<Followed>;
  /** A port has begun or ceased to listen. */
  readonly onListening: () => void;
  readonly onLate: (finding: Extract<Finding, { kind: 'late' }>) => void;
  readonly onRetry: () => void;
  readonly onEnd: (end: LastEnd) => void;
  readonly onSpawn: (pid: number) => void;
  readonly onExit: (pid: number) => void;
}
