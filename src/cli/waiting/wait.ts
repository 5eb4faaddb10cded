/** Waiting with an end: what for is said meanwhile, and at the end who is not ready, why, and what it printed last. */
import { Option } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { PublishedService, RunningStack, ServiceDetails, StackKey } from '../../protocol/messages.ts';
import { meaningOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';
import { findRunningStack, notRunning } from '../daemon-access.ts';
import { parseDuration } from '../duration.ts';
import type { LastingClient } from '../lasting.ts';
import { color, displayText, notice } from '../terminal.ts';
import { readLastLines } from './last-lines.ts';
import { describeOpen, rootOf } from './open.ts';
import { sayMeanwhile } from './saying.ts';
import { untilThrough } from './through.ts';

/** `--timeout`, with a default such as `2m`. */
export const timeoutOption = (normal: string): Option =>
  new Option('--timeout <duration>', 'how long it waits at most, such as 500ms, 30s or 5m')
    .argParser(parseDuration)
    .default(parseDuration(normal), normal);

export interface Awaited {
  /** Milliseconds. */
  readonly timeout: number;
  readonly isOver: (stack: RunningStack | undefined) => boolean;
  /** Tells whether the service is still waited for. */
  readonly isOpen: (service: PublishedService) => boolean;
}

/** Resolves as `until` does. @throws PortrampError TIMEOUT with all that is known */
export async function waitUntil(
  client: LastingClient,
  key: StackKey,
  { timeout, isOver, isOpen }: Awaited,
): Promise<RunningStack | undefined> {
  let last: RunningStack | undefined;
  const see = (stack: RunningStack | undefined): boolean => {
    last = stack;
    return isOver(stack);
  };
  const silence = sayMeanwhile(() => describeWaiting((last?.services ?? []).filter(isOpen)), sayDim);
  try {
    return await untilThrough(client, key, see, timeout);
  } catch (error) {
    const isLate = error instanceof PortrampError && error.code === 'TIMEOUT';
    throw isLate ? await describeDelay(client, key, last, { timeout, isOpen }) : error;
  } finally {
    silence();
  }
}

export const sayDim = (text: string): void => notice(color.dim(text));

export const describeWaiting = (open: readonly PublishedService[]): string =>
  open.length === 0
    ? 'waiting for the stack to start'
    : `waiting: ${open.map((service) => displayText(describeOpen(service))).join('; ')}`;

export async function describeDelay(
  client: DaemonClient,
  key: StackKey,
  seen: RunningStack | undefined,
  { timeout, isOpen }: Pick<Awaited, 'timeout' | 'isOpen'>,
): Promise<PortrampError> {
  const after = `after ${timeout / 1_000} s`;
  // No news in a short time does not mean that nothing runs.
  const stack = seen ?? (await findRunningStack(client, key));
  if (stack === undefined) {
    const { message, hint } = await notRunning(key);
    return new PortrampError('TIMEOUT', `${after}, ${message}`, { hint });
  }
  const late = stack.services.filter(isOpen);
  const [first] = late;
  if (first === undefined) {
    const hint = `"portramp ls" shows how far it is`;
    return new PortrampError('TIMEOUT', `${after}, the stack is just starting`, { hint });
  }
  const { root, lines, details } = await findCause(client, stack, first);
  const named = late.some(({ name }) => name === root.name) ? late : [...late, root];
  const why = `"portramp why ${first.name}" says what is in the way`;
  const cure = named.map((service) => complaintOf(service).hint).find((hint) => hint !== undefined);
  const states = named.map((service) => describeOpen(service, details.get(service.name))).join('; ');
  return new PortrampError('TIMEOUT', `${after}, ${states}${lines}`, {
    hint: cure === undefined ? why : `${cure}; ${why}`,
  });
}

/** Says why a service will not be up, with the last lines of what is the cause of it. */
export async function describeLoss(
  client: DaemonClient,
  stack: RunningStack,
  lost: PublishedService,
): Promise<PortrampError> {
  const { root, lines } = await findCause(client, stack, lost);
  const { hint = `see "portramp logs ${root.name}"` } = complaintOf(lost);
  return new PortrampError('SERVICE_FAILED', `${describeOpen(lost)}${lines}`, { hint });
}

interface Cause {
  readonly root: PublishedService;
  /** The last lines that the root printed, as they are shown. */
  readonly lines: string;
  /** Details of each service by name, as the runner knows them. */
  readonly details: ReadonlyMap<string, ServiceDetails>;
}

async function findCause(
  client: DaemonClient,
  stack: RunningStack,
  service: PublishedService,
): Promise<Cause> {
  const { askRunner } = await import('../why/ask.ts');
  const details = await askRunner(client, stack);
  const root = rootOf(stack.services, service, details);
  const log = await readLastLines(stack.slug, root);
  return { root, lines: quoteLast(root.name, log), details };
}

/** The last lines below a message, as they are shown; empty where there are none. */
export function quoteLast(whose: string, log: readonly string[]): string {
  const quoted = log.map((text) => `\n    ${displayText(text)}`).join('');
  return quoted === '' ? '' : `\n  the last lines of ${whose}:${quoted}`;
}

export const isUp = (service: PublishedService): boolean => meaningOf(service).isUp;
