/**
 * What the engine says of the containers of one project, looked at again whenever something happens to one of them. Each
 * project has a stream of its own: the engine filters by label, so that it costs a quiet socket at rest, and what is
 * known of a stack hangs neither on the daemon nor on the engine that another shell has chosen.
 */
import { PortrampError, messageOf } from '../../lib/errors.ts';
import { inOneLine } from '../../lib/state-file.ts';
import type { EngineClient } from '../engine/client.ts';
import { containersOf, type Container } from '../engine/containers.ts';
import { followEvents, type ContainerEvent, type EventStream } from '../engine/events.ts';

export interface ProjectWatch {
  /** As the engine last told. */
  readonly containers: readonly Container[];
  /** Why the engine cannot be asked; undefined while it answers. */
  readonly problem: string | undefined;
  /** Looks now; resolves when that is done. Does not throw. */
  look(): Promise<void>;
  close(): void;
}

export interface ProjectWatchOptions {
  readonly engine: () => EngineClient;
  readonly project: () => string;
  readonly onEvent: (event: ContainerEvent) => void;
  /** Called after every look, also after one in vain: then `containers` are the last that were told. */
  readonly onLook: () => void;
}

/** Milliseconds. What happens at once is looked at once. */
const COALESCE = 30;
/** Events make looks: one now and then makes up for an event that was lost. */
const PATROL = 60_000;
/** Between attempts to reach an engine that is gone, and between looks at one that listens and does not answer. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

export function watchProject(options: ProjectWatchOptions): ProjectWatch {
  const { engine, project, onEvent, onLook } = options;
  let containers: readonly Container[] = [];
  let problem: string | undefined;
  let stream: EventStream | undefined;
  let isClosed = false;
  let pause = FIRST_PAUSE;
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, task: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, ms).unref();
    timers.add(timer);
  };

  const lookOnce = async (): Promise<void> => {
    try {
      containers = await containersOf(engine(), project());
      problem = undefined;
    } catch (error) {
      problem = error instanceof PortrampError ? inOneLine(error) : messageOf(error);
    }
    if (isClosed) return;
    onLook();
    // The end of its stream would tell of one that is gone; of one that stands still nothing does.
    if (problem !== undefined) lookIn(LONGEST_PAUSE);
  };

  let looking: Promise<void> | undefined;
  let lookAgain = false;
  /** One look at a time; what happens meanwhile causes one more. */
  const look = (): Promise<void> => {
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain) {
        lookAgain = false;
        await lookOnce();
      }
    })().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  const due = new Set<number>();
  const lookIn = (ms: number): void => {
    if (due.has(ms)) return;
    due.add(ms);
    later(ms, () => {
      due.delete(ms);
      void look();
    });
  };
  const lookSoon = (): void => lookIn(COALESCE);

  const follow = (): void => {
    if (isClosed) return;
    stream = followEvents(engine(), project(), {
      onOpen: () => {
        pause = FIRST_PAUSE;
        lookSoon();
      },
      onEvent: (event) => {
        onEvent(event);
        lookSoon();
      },
      onNetwork: (id) => {
        // Of another project only a container is looked at whose network one of these shares.
        if (containers.some((each) => each.id === id || ownerOf(each) === id)) lookSoon();
      },
      onEnd: () => {
        lookSoon();
        later(pause, follow);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      },
    });
  };
  follow();
  const patrol = setInterval(() => void look(), PATROL).unref();

  return {
    get containers() {
      return containers;
    },
    get problem() {
      return problem;
    },
    look,
    close: () => {
      isClosed = true;
      stream?.close();
      clearInterval(patrol);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

const ownerOf = ({ attachment }: Container): string | undefined =>
  attachment.kind === 'shared' ? attachment.ownerId : undefined;
