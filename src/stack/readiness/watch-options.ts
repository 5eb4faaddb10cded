/** What a watch on an instance is given, and what it tells. */
import type { Clock } from '../../lib/clock.ts';
import type { Follow, ResolvedPort } from '../../plan/plan.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { ProbeResult } from '../probe.ts';
import type { Verdict } from './assess.ts';
import type { Followed } from './following.ts';
import type { LookOptions, WatchedLook } from './looks.ts';
import type { TreeOptions } from './tree.ts';

export interface ReadinessOptions extends LookOptions {
  readonly clock: Clock;
  /** Calls back for every line that the instance prints; returns the function that ends it. */
  readonly onLine: (listener: (text: string) => void) => () => void;
  readonly onFinding: (finding: Finding) => void;
  /** How to look where the contract does not say it, for what is no process; default: a connection. */
  readonly usual?: WatchedLook | undefined;
  /** Called after every look; undefined is well. */
  readonly onLook?: (problem: ProbeResult) => void;
  /** Every process of the instance; without it nobody looks for a watcher. */
  readonly family?: TreeOptions['family'] | undefined;
  /** What the contract says, now, about another number that the instance opens. */
  readonly follows?: () => Follow;
  /** Milliseconds of silence that are ordinary for the instance. */
  readonly patience?: () => number;
  /** Whether the instance has printed the number. */
  readonly mentions?: (number: number) => boolean;
  /** The instance is a server on this number: it is to be followed there, where that can be. */
  readonly onFollow?: (port: string, number: number) => Promise<Followed>;
  /** Called when a port of the instance has begun or ceased to listen. */
  readonly onListening?: (port: string, listens: boolean) => void;
}

export type Finding =
  | Verdict
  /** It is late, and nobody said how late it may be. */
  | { readonly kind: 'late'; readonly after: number; readonly problem: string }
  /** The contract's own timeout is over. */
  | { readonly kind: 'deadline'; readonly after: number; readonly problem: string };

export interface ReadinessWatch {
  /** The daemon has looked at the listeners of the instance; undefined: no daemon looks any more. */
  readonly see: (sighting: Sighting | undefined) => void;
  /** The instance is looked for on other numbers from now on; what its probe said still holds. */
  readonly retarget: (ports: readonly ResolvedPort[]) => void;
  /** The contract may say something else now. */
  readonly judge: () => void;
  readonly end: () => void;
}
