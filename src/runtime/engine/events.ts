/** Tells what happens to the containers of a project, for as long as the engine answers. */
import { createInterface } from 'node:readline';

import { z } from 'zod';

import type { EngineClient } from './client.ts';

/**
 * What can change whether and where a container is reached. The engine leaves out all else, above all the commands that
 * healthchecks run: three events each time.
 */
const ACTIONS = [
  'start',
  'kill',
  'die',
  'oom',
  'pause',
  'unpause',
  'rename',
  'destroy',
  'health_status',
] as const;

/** What can change whether a container that runs on is reached. The engine tells it of the network, which has no labels. */
const NETWORK_ACTIONS = ['connect', 'disconnect'] as const;

export interface ContainerEvent {
  readonly action: string;
  /** Of the container, or of the network. */
  readonly id: string;
  /** The id of the container that an event of a network is about. */
  readonly container?: string | undefined;
  /** The number of the signal, of `kill`. */
  readonly signal?: string | undefined;
}

export interface EventStream {
  close(): void;
}

export interface EventListeners {
  /** The stream stands: what happened before was not told. */
  readonly onOpen: () => void;
  readonly onEvent: (event: ContainerEvent) => void;
  /** A container, also one of another project, was put on a network or taken off one. Its id. */
  readonly onNetwork?: ((id: string) => void) | undefined;
  /** The engine, or the way to it, is gone. Not called after `close`. */
  readonly onEnd: () => void;
}

const line = z.object({
  Action: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }).optional(),
});

export function followEvents(engine: EngineClient, project: string, listeners: EventListeners): EventStream {
  const abort = new AbortController();
  const follow = async (filters: object, onLine: (text: string) => void, onOpen?: () => void) => {
    const answer = await engine.open('/events', { filters: JSON.stringify(filters) }, abort.signal);
    onOpen?.();
    // A stream that breaks off has ended: why makes no difference.
    answer.on('error', () => undefined);
    for await (const text of createInterface({ input: answer })) if (!abort.signal.aborted) onLine(text);
  };
  const { onEvent, onNetwork } = listeners;
  // One that does not tell of networks is asked again with the next stream: all else is seen without it.
  const followNetworks = (): void => {
    if (onNetwork === undefined) return;
    void follow({ type: ['network'], event: NETWORK_ACTIONS }, (text) => {
      const id = parseEvent(text)?.container;
      if (id !== undefined) onNetwork(id);
    }).catch(() => undefined);
  };
  const label = [`com.docker.compose.project=${project}`];
  void follow(
    { type: ['container'], event: ACTIONS, label },
    (text) => {
      const event = parseEvent(text);
      if (event !== undefined) onEvent(event);
    },
    () => {
      followNetworks();
      listeners.onOpen();
    },
  )
    .catch(() => undefined)
    .finally(() => {
      if (abort.signal.aborted) return;
      // Networks are told of by a stream of their own, which the next one begins anew.
      abort.abort();
      listeners.onEnd();
    });
  return { close: () => abort.abort() };
}

/** `health_status: healthy` is told as `health_status`. Undefined for what is no event. */
export function parseEvent(text: string): ContainerEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, data } = line.safeParse(value);
  const action = (data?.Action ?? data?.status)?.split(':', 1)[0];
  const id = data?.Actor?.ID ?? data?.id;
  const { signal, container } = data?.Actor?.Attributes ?? {};
  if (!success || action === undefined || id === undefined) return undefined;
  return { action, id, signal, ...(container === undefined ? {} : { container }) };
}
