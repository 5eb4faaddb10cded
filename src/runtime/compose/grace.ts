/** The time between the stop of a container from outside and the start that may follow it, as in `docker restart`. */

/** Milliseconds. */
const GRACE = 2_000;

export interface Graces {
  has(service: string): boolean;
  /** Calls `onOver` when the time is over, unless it was ended before. */
  begin(service: string, onOver: () => void): void;
  end(service: string): void;
  /** Ends all. */
  close(): void;
}

/** @param look Looks at the containers anew: the engine may have started one again and told nobody yet. */
export function createGraces(look: () => Promise<void>): Graces {
  const timers = new Map<string, NodeJS.Timeout>();
  const end = (service: string): void => {
    clearTimeout(timers.get(service));
    timers.delete(service);
  };
  return {
    has: (service) => timers.has(service),
    begin: (service, onOver) => {
      const finish = async (): Promise<void> => {
        await look();
        if (timers.get(service) !== timer) return;
        timers.delete(service);
        onOver();
      };
      const timer = setTimeout(() => void finish(), GRACE).unref();
      timers.set(service, timer);
    },
    end,
    close: () => [...timers.keys()].forEach(end),
  };
}
