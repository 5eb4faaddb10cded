/** The time between the stop of a container from outside and the start that may follow it, as in `docker restart`. */

/** Milliseconds. */
const GRACE = 2_000;

export interface Graces {
  has(service: string): boolean;
  /** Calls `onOver` when the time is over, unless it was ended before. */
  begin(service: string, onOver: () => void): void;
  /** Looks now, in place of waiting. Resolves when the time is over, also where there was none. */
  hasten(service: string): Promise<void>;
  end(service: string): void;
  /** Ends all. */
  close(): void;
}

interface Running {
  readonly timer: NodeJS.Timeout;
  readonly finish: () => Promise<void>;
}

/** @param look Looks at the containers anew: the engine may have started one again and told nobody yet. */
export function createGraces(look: () => Promise<void>): Graces {
  const graces = new Map<string, Running>();
  const end = (service: string): void => {
    clearTimeout(graces.get(service)?.timer);
    graces.delete(service);
  };
  return {
    has: (service) => graces.has(service),
    begin: (service, onOver) => {
      const finish = async (): Promise<void> => {
        await look();
        if (graces.get(service) !== running) return;
        end(service);
        onOver();
      };
      const running = { finish, timer: setTimeout(() => void finish(), GRACE).unref() };
      graces.set(service, running);
    },
    hasten: async (service) => graces.get(service)?.finish(),
    end,
    close: () => [...graces.keys()].forEach(end),
  };
}
