/** The options of a watch on an instance, and its findings. */
import type { Clock } from '../../lib/clock.ts';
import type { Follow, ResolvedPort } from '../../plan/plan.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { ProbeResult } from '../probe.ts';
import type { Verdict } from './assess.ts';
import type { Followed } from './following.ts';
import type { HaltOptions } from './halts.ts';
import type { LookOptions, WatchedLook } from './looks.ts';
import type { TreeOptions } from './tree.ts';

/** What the contract says about when an instance is ready. */
export type Declared = Pick<LookOptions, 'ready' | 'stamp'>;

export interface ReadinessOptions extends LookOptions {
  readonly clock: Clock;
  /** Calls back for every line that the instance prints; returns the function that ends it. */
  readonly onLine: (listener: (text: string) => void) => () => void;
  /** Gives the lines that the instance has printed so far. */
  readonly printed?: () => readonly string[];
  readonly onFinding: (finding: Finding) => void;
  /** Milliseconds that the attempt before it ran until it failed. */
  readonly failedAfter?: number | undefined;
  /** The look where the contract declares none, for what is no process; default: a connection. */
  readonly usual?: WatchedLook | undefined;
  /** Called after every look; undefined is well. */
  readonly onLook?: (problem: ProbeResult) => void;
  /** Every process of the instance; without it nobody looks for a watcher. */
  readonly family?: TreeOptions['family'] | undefined;
  /** Tells which process of the instance a signal has stopped; without it nobody looks. */
  readonly stopped?: HaltOptions['stopped'] | undefined;
  /** Tells what the contract says, now, about another number that the instance opens. */
  readonly follows?: () => Follow;
  /** Tells how many milliseconds of silence are ordinary for the instance. */
  readonly patience?: () => number;
  /** Tells whether the instance has printed the number. */
  readonly mentions?: (number: number) => boolean;
  /** The instance is a server on this number: it is to be followed there, where that can be. */
  readonly onFollow?: (port: string, number: number) => Promise<Followed>;
  /** Called when a port of the instance has begun or ceased to listen. */
  readonly onListening?: (port: string, listens: boolean) => void;
}

export type Finding =
  | Verdict
  /** The instance is late, and the contract does not say how late it may be. */
  | { readonly kind: 'late'; readonly after: number; readonly problem: string }
  /** The contract's own timeout is over. */
  | { readonly kind: 'deadline'; readonly after: number; readonly problem: string };

export interface ReadinessWatch {
  /** The daemon has looked at the listeners of the instance; undefined: no daemon looks any more. */
  readonly see: (sighting: Sighting | undefined) => void;
  /** The instance is looked for on other numbers from now on; what its probe said still holds. */
  readonly retarget: (ports: readonly ResolvedPort[]) => void;
  /**
   * The contract says something else now about when the instance is ready, and how late it may be: that counts from now
   * on. One that is ready stays so unless the new probe fails as often as the old one would have to.
   */
  readonly redeclare: (declared: Declared) => void;
  /** The contract may say something else now about its ports. */
  readonly judge: () => void;
  readonly end: () => void;
}
