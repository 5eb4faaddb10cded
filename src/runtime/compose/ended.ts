/** Why the container of a service does not run any more. Pure. */
import type { Container } from '../engine/containers.ts';
import type { ContainerEvent } from '../engine/events.ts';
import type { Exit } from '../instance.ts';

export interface Ending {
  /** In the contract. */
  readonly service: string;
  /** As they are now; empty when they are gone. */
  readonly containers: readonly Container[];
  /** As they were when one of them ran last. */
  readonly last: readonly Container[];
  /** Ids of those that somebody ended through the engine. */
  readonly stopped: ReadonlySet<string>;
  /** Whether the engine was gone meanwhile. */
  readonly engineWasGone: boolean;
  /** Ids of those that used more memory than they may. */
  readonly starved: ReadonlySet<string>;
}

/** The end as its process tells it, with the reason where it is another one than the process itself. */
export function describeEnding({ service, containers, last, stopped, starved, engineWasGone }: Ending): Exit {
  const [now] = containers;
  const known = last.map(({ id }) => id);
  if (now === undefined) {
    const name = last[0]?.name ?? service;
    return {
      code: null,
      signal: null,
      why: {
        message: `its container ${name} was removed from outside of portramp`,
        hint: startAgain(service),
      },
    };
  }
  const code = now.exitCode;
  const wasStopped = known.some((id) => stopped.has(id)) || stopped.has(now.id);
  // It may have been another process in it, without which it went on.
  if (!wasStopped && code !== 0 && (now.outOfMemory || starved.has(now.id))) {
    const message = `the engine ended it, because it used more memory than it may (exit code ${code})`;
    return {
      code,
      signal: null,
      why: {
        message,
        hint: `raise its memory limit (mem_limit, deploy.resources.limits) in the Compose file`,
      },
    };
  }
  // An engine that ends stops its containers first.
  if (engineWasGone) {
    const message = `the container engine was stopped, and did not start its container ${now.name} again`;
    return { code, signal: null, why: { message, hint: startAgain(service) } };
  }
  if (wasStopped) {
    const message = `its container ${now.name} was stopped from outside of portramp (exit code ${code})`;
    return { code, signal: null, why: { message, hint: startAgain(service) } };
  }
  return { code, signal: null };
}

const startAgain = (service: string): string => `start it again with "portramp start ${service}"`;

export interface Outside extends Pick<Ending, 'stopped' | 'starved'> {
  see(event: ContainerEvent): void;
}

/** Signals that tell a program something else than to end: HUP, USR1, USR2, WINCH. */
const HARMLESS = ['1', '10', '12', '28'];

/** Remembers what others do to containers through the engine, until these are started again. */
export function watchOutside(): Outside {
  const signalled = new Set<string>();
  const stopped = new Set<string>();
  const starved = new Set<string>();
  return {
    stopped,
    starved,
    see: ({ action, id, signal }) => {
      switch (action) {
        case 'kill':
          if (!HARMLESS.includes(signal ?? '')) signalled.add(id);
          return;
        case 'oom':
          starved.add(id);
          // What was asked of it before has not ended it.
          signalled.delete(id);
          return;
        case 'die':
          if (signalled.has(id)) stopped.add(id);
          return;
        case 'start':
          for (const ids of [signalled, stopped, starved]) ids.delete(id);
          return;
        default:
          return;
      }
    },
  };
}
