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

export interface ContainerEvent {
  readonly action: string;
  /** Of the container. */
  readonly id: string;
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
  const filters = {
    type: ['container'],
    event: ACTIONS,
    label: [`com.docker.compose.project=${project}`],
  };
  const follow = async (): Promise<void> => {
    const answer = await engine.open('/events', { filters: JSON.stringify(filters) }, abort.signal);
    listeners.onOpen();
    // A stream that breaks off has ended: why makes no difference.
    answer.on('error', () => undefined);
    for await (const text of createInterface({ input: answer })) {
      const event = parseEvent(text);
      if (event !== undefined && !abort.signal.aborted) listeners.onEvent(event);
    }
  };
  void follow()
    .catch(() => undefined)
    .finally(() => {
      if (!abort.signal.aborted) listeners.onEnd();
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
  const signal = data?.Actor?.Attributes?.['signal'];
  return success && action !== undefined && id !== undefined ? { action, id, signal } : undefined;
}
