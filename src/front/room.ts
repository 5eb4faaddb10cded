/** Where requests wait for a service that is on its way: they look again whenever something has changed. */
import type { Clock } from '../lib/clock.ts';
import type { RequestHead } from '../proxy/engine/engine.ts';
import { createHold } from '../proxy/hold.ts';
import { say, type Choice, type Pending } from './decide.ts';
import { isNavigation } from './gate.ts';
import { CROWDED } from './notices.ts';
import type { Match } from './table.ts';

/** How many requests wait for services that are starting, and for how long (milliseconds). */
export interface FrontLimits {
  readonly waiting: number;
  readonly wait: number;
  /** A person would rather see a page that says what is going on. */
  readonly waitNavigation: number;
}

const LIMITS: FrontLimits = { waiting: 1_000, wait: 30_000, waitNavigation: 2_000 };

export interface WaitingRoom {
  /**
   * The decision about a request, as soon as there is one or the patience for it is over. At once, and without a
   * promise, where nothing has to be waited for.
   */
  settle(head: RequestHead, signal: AbortSignal): Choice | Promise<Choice>;
  /** The decision about a request that does not wait; undefined where it would have to. */
  now(head: RequestHead): Choice | undefined;
  wake(): void;
  /** Resolves when something changed, at the latest after `ms` milliseconds. */
  news(ms: number, signal: AbortSignal): Promise<unknown>;
}

export interface RoomParts {
  readonly clock: Clock;
  readonly limits: Partial<FrontLimits> | undefined;
  /** What is to become of a request, by what is known now. */
  readonly look: (head: RequestHead) => Choice | Pending;
  /** A service is to be started for somebody who waits. */
  readonly wake: (match: Match) => void;
}

export function createWaitingRoom({ clock, limits, look, wake }: RoomParts): WaitingRoom {
  const { waiting, wait, waitNavigation } = { ...LIMITS, ...limits };
  const hold = createHold(clock, waiting);

  const stay = async (head: RequestHead, signal: AbortSignal, first: Pending): Promise<Choice> => {
    const until = clock.now() + (isNavigation(head) ? waitNavigation : wait);
    let decision: Choice | Pending = first;
    while (decision.action === 'wait') {
      if (decision.wake !== undefined) wake(decision.wake);
      const end = await hold.wait(Math.min(until, decision.until ?? Infinity), signal);
      if (end !== 'woken') return say(head, end === 'full' ? CROWDED : decision.notice);
      decision = look(head);
    }
    return decision;
  };

  return {
    settle: (head, signal) => {
      const decision = look(head);
      return decision.action === 'wait' ? stay(head, signal, decision) : decision;
    },
    now: (head) => {
      const decision = look(head);
      return decision.action === 'wait' ? undefined : decision;
    },
    wake: () => hold.wake(),
    news: (ms, signal) => hold.wait(clock.now() + ms, signal),
  };
}
