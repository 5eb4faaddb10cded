/** Keeps count of what is under way with each target, and sends a request elsewhere where that is safe. */
import type { Decision, Handler, RequestHead } from '../proxy/engine/engine.ts';
import { kindOf, type Traffic } from '../proxy/traffic.ts';
import type { WaitingRoom } from './front.ts';

export interface TrackerParts {
  readonly traffic: Traffic;
  readonly room: Pick<WaitingRoom, 'settle' | 'news'>;
}

/** How often a request is tried again, and the pause before that where there is no other target (milliseconds). */
const ATTEMPTS = 4;
const PAUSE = 250;

export function createTracker({
  traffic,
  room,
}: TrackerParts): (...args: Parameters<Handler>) => Promise<Decision> {
  const track = (decision: Decision, head: RequestHead, signal: AbortSignal, attempt: number): Decision => {
    if (decision.action === 'reply') return decision;
    const { target } = decision;
    const passage = traffic.begin(target, kindOf(head));
    const tracked: Decision = { ...decision, until: passage.until, onEnd: () => passage.end() };
    if (attempt >= ATTEMPTS || !isLoopback(target.host)) return tracked;
    return {
      ...tracked,
      again: async () => {
        traffic.refused(target);
        let next = await room.settle(head, signal);
        if (next.action === 'forward' && traffic.isRefusing(next.target)) {
          // An instance that broke down: its runner is about to say so, and then the request is held.
          await room.news(PAUSE, signal);
          next = await room.settle(head, signal);
        }
        return track(next, head, signal, attempt + 1);
      },
    };
  };

  return async (head, signal) => track(await room.settle(head, signal), head, signal, 1);
}

const isLoopback = (host: string): boolean => host === '127.0.0.1' || host === '::1' || host === 'localhost';
