/** The options of a runner, and its interface. */
import type { Clock } from '../lib/clock.ts';
import type { Emitter } from '../lib/emitter.ts';
import type { Home } from '../lib/home.ts';
import type { StackKey } from '../protocol/messages.ts';
import type { RunnerEvent } from './events.ts';
import type { SessionOptions } from './session.ts';

export interface RunnerOptions extends StackKey {
  /** Services and groups to run; empty: the default ones. */
  readonly selection: readonly string[];
  readonly connect: SessionOptions['connect'];
  readonly home: Home;
  readonly clock: Clock;
  /** Whether what services print reaches a terminal with colours. */
  readonly color: boolean;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
}

export interface Runner {
  readonly events: Emitter<RunnerEvent>;
  /**
   * Resolves when the first services start.
   * @throws ContractError, or PortrampError STACK_RUNNING, UNKNOWN_NAME, NO_FREE_PORT, DAEMON_UNREACHABLE …
   */
  start(): Promise<void>;
  /**
   * Stops everything in order, or at once; resolves when nothing of the stack is left. Containers run on, unless they
   * are to be removed.
   */
  stop(options: { readonly now: boolean; readonly remove?: boolean }): Promise<void>;
  /** Resolves when the runner has stopped, whoever asked for it. */
  readonly ended: Promise<void>;
}
