/**
 * Services that start themselves anew, under `node --watch`, nodemon and the like: their process lives on, and their port
 * is gone for a while. Requests wait for as long as that may take, counted from when it went. They wait as long for a port
 * of a service that is ready by a line of its log, a command or a file.
 */
import { RESTART_TIME } from '../proxy/hold.ts';
import type { FrontStack, Match, RouteState } from './table.ts';

/** Nothing has listened at a target for as long as a restart may take. */
export class SilentTargetError extends Error {
  constructor() {
    super('nothing listens there');
  }
}

/** When ports went that requests were sent to before, or were expected to listen, by the clock of whoever keeps this. */
export interface Restarts {
  /** Learns from what is published. */
  learn(stacks: readonly FrontStack[], now: number): void;
  /** Until when requests wait for a port that is gone; undefined where it was never there. */
  until(match: Match): number | undefined;
}

export function createRestarts(): Restarts {
  const live = new Set<string>();
  const gone = new Map<string, number>();
  /** Whether a route is new whose service is ready by its own word, and may listen in a moment. */
  const isNew = (route: RouteState, name: string): boolean =>
    route.state === 'warming' && route.probed === true && !gone.has(name);
  return {
    learn: (stacks, now) => {
      const known = new Set<string>();
      for (const stack of stacks) {
        for (const route of stack.routes) {
          const name = nameOf({ stack, route });
          known.add(name);
          if (route.route.state === 'live') {
            live.add(name);
            gone.delete(name);
          } else if (live.delete(name) || isNew(route.route, name)) gone.set(name, now);
        }
      }
      for (const name of live) if (!known.has(name)) live.delete(name);
      for (const name of gone.keys()) if (!known.has(name)) gone.delete(name);
    },
    until: (match) => {
      const since = gone.get(nameOf(match));
      return since === undefined ? undefined : since + RESTART_TIME;
    },
  };
}

const nameOf = ({ stack, route }: Match): string => `${stack.key}\0${route.service}\0${route.port}`;
