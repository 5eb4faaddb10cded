/**
 * Containers that run although no instance here stands for them: those that came back, those that somebody else started,
 * and those of a start that failed here and that the engine finished all the same.
 */
import type { Container } from '../engine/containers.ts';

export interface Returns {
  /** Takes the containers of the service that run now for known: only others have come back. */
  note(service: string): void;
  /** Remembers a service whose start failed for want of an engine: the service is told as soon as there is one. */
  miss(service: string): void;
  /** Notes that the service is about to be started. True when that is for a container that runs already. */
  begin(service: string): boolean;
  /** Tells of each that is back. To be called whenever the engine, or whoever starts services, knows something new. */
  consider(services: Iterable<string>): void;
}

export interface ReturnsOptions {
  /** As the engine last told. */
  readonly containersOf: (service: string) => readonly Container[];
  /** There is an instance of it, it is being started, or it is not to be touched any more. */
  readonly isTaken: (service: string) => boolean;
  /** Whether they were made from the files of this checkout. */
  readonly areOurs: (containers: readonly Container[]) => Promise<boolean>;
  /**
   * What runs of a service that was never started here is not taken: other branches started what is everybody's.
   */
  readonly onlyStarted: boolean;
  /** False where it is not started for that now: then it is told again. */
  readonly onReturn: (service: string) => boolean;
}

export function createReturns(options: ReturnsOptions): Returns {
  const { containersOf, isTaken, areOurs, onlyStarted, onReturn } = options;
  /** By service, what ran of it when that was last no news. */
  const known = new Map<string, ReadonlySet<string>>();
  const missed = new Set<string>();
  const returned = new Set<string>();

  const note = (service: string): void => void known.set(service, new Set(runsOf(containersOf(service))));
  const isBack = (service: string): boolean => {
    const before = known.get(service);
    if (isTaken(service) || (onlyStarted && before === undefined)) return false;
    return runsOf(containersOf(service)).some((run) => before?.has(run) !== true);
  };

  const takeBack = async (service: string): Promise<void> => {
    // Much may happen before the answer.
    if (!(await areOurs(containersOf(service))) || !isBack(service)) return;
    returned.add(service);
    if (onReturn(service)) note(service);
    else returned.delete(service);
  };

  return {
    note,
    miss: (service) => void missed.add(service),
    begin: (service) => {
      missed.delete(service);
      return returned.delete(service);
    },
    consider: (services) => {
      for (const service of missed) if (!isTaken(service) && onReturn(service)) missed.delete(service);
      for (const service of new Set(services)) if (isBack(service)) void takeBack(service);
    },
  };
}

/** Each differs from all others, also of the same container once it is started again. A paused one answers nobody. */
const runsOf = (containers: readonly Container[]): string[] =>
  containers.flatMap(({ id, startedAt, state }) => (state === 'running' ? [`${id} ${startedAt}`] : []));
