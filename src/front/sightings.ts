/** What the front saw of the answers of its targets, for those who ask why a service does not work. */
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Target } from '../proxy/engine/engine.ts';

/** What was seen last of one target. */
export interface Sighting {
  /** A request that was not answered, and how many milliseconds ago. */
  readonly failed?: { readonly message: string; readonly ago: number };
  /** Lines of a response that could not be passed on, by name and with the reason. */
  readonly dropped?: string;
}

type Place = Pick<Target, 'host' | 'port'> & Partial<Target>;

export interface Sightings {
  readonly failed: (target: Place, error: Error) => void;
  readonly dropped: (target: Place, lines: string) => void;
  of(target: Place): Sighting | undefined;
  /** Forgets all other targets. */
  keep(targets: readonly Place[]): void;
}

interface Seen {
  failed?: { readonly message: string; readonly at: number };
  dropped?: string;
}

export function createSightings(clock: Pick<Clock, 'now'>): Sightings {
  const seen = new Map<string, Seen>();
  const add = (target: Place, more: Seen): void => {
    const name = nameOf(target);
    seen.set(name, { ...seen.get(name), ...more });
  };
  return {
    failed: (target, error) => add(target, { failed: { message: messageOf(error), at: clock.now() } }),
    dropped: (target, lines) => add(target, { dropped: lines }),
    of: (target) => {
      const found = seen.get(nameOf(target));
      if (found === undefined) return undefined;
      const { failed, dropped } = found;
      return {
        ...(failed === undefined
          ? {}
          : { failed: { message: failed.message, ago: clock.now() - failed.at } }),
        ...(dropped === undefined ? {} : { dropped }),
      };
    },
    keep: (targets) => {
      if (seen.size === 0) return;
      const names = new Set(targets.map(nameOf));
      for (const name of seen.keys()) if (!names.has(name)) seen.delete(name);
    },
  };
}

/** Names a target with the way in which it is asked: what was seen before an edit of `tls:` says nothing of the time after. */
const nameOf = ({ protocol, host, port, tls }: Place): string =>
  `${protocol ?? ''}://${host}:${port}${tls === undefined ? '' : JSON.stringify(tls)}`;
