import { sha256 } from '../../lib/hash.ts';
import type { StackKey } from '../../protocol/messages.ts';
import type { RunnerEvent } from '../../stack/events.ts';

/** In the environment of the runner that `dev -d` starts. */
export const DETACHED = 'PORTRAMP_DETACHED';

/** What that runner tells `dev -d` over Node's IPC channel, for as long as it listens. */
export type Report =
  | { readonly event: Exclude<RunnerEvent, { readonly type: 'line' }> }
  /** Another runner of this stack was faster. */
  | { readonly occupied: true };

/** The file in `runners/` that a detached runner writes to once it runs alone. */
export const runnerLogOf = ({ root, environment }: StackKey): string =>
  `${sha256(`${root}\0${environment}`).slice(0, 16)}.log`;
