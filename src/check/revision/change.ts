import type { Position } from '../../contract/diagnostic.ts';
import type { Path } from '../../contract/tree.ts';

/** Whether somebody who relied on the contract before still can. */
export type Weight = 'breaking' | 'risky' | 'safe';

/** What kind of change it is, for programs. */
export type ChangeCode =
  | 'access-narrowed'
  | 'access-widened'
  | 'consumption-added'
  | 'consumption-removed'
  | 'environment-added'
  | 'environment-removed'
  | 'group-changed'
  | 'host-added'
  | 'host-changed'
  | 'now-required'
  | 'port-added'
  | 'port-changed'
  | 'port-removed'
  | 'port-renamed'
  | 'protocol-changed'
  | 'readiness-removed'
  | 'range-changed'
  | 'range-shrunk'
  | 'reservation-added'
  | 'reservation-changed'
  | 'reservation-handed-over'
  | 'reservation-removed'
  | 'service-added'
  | 'service-changed'
  | 'service-removed'
  | 'service-renamed'
  | 'settings-changed'
  | 'static-added'
  | 'static-changed'
  | 'target-changed'
  | 'variable-changed'
  | 'variable-removed'
  | 'workspace-renamed';

/** One difference, as found in one environment. */
export interface Difference {
  readonly weight: Weight;
  readonly code: ChangeCode;
  readonly message: string;
  /** In the later contract; what is gone there is placed at what was around it. */
  readonly at: Path;
}

/** A difference with the environments that have it. */
export interface RevisionChange extends Position {
  readonly weight: Weight;
  readonly code: ChangeCode;
  readonly message: string;
  readonly environments: readonly string[];
}
