import type { RunningStack, StackKey } from '../../protocol/messages.ts';
import { untilRegistered } from '../dev/registered.ts';
import { askThrough, countDown, type LastingClient } from '../lasting.ts';
import { until } from '../stack-watch.ts';

/**
 * Does what `until` does, and goes on at the next daemon where the one that was asked went away. There, a stack whose
 * runner lives is none without a runner: it comes by itself.
 */
export function untilThrough(
  client: LastingClient,
  key: StackKey,
  done: (stack: RunningStack | undefined) => boolean,
  timeout = Infinity,
): Promise<RunningStack | undefined> {
  const left = countDown(timeout);
  return askThrough(client, left, async (isAgain) => {
    if (isAgain) await untilRegistered(client, key, Math.min(left(), REGISTER_TIME));
    return until(client, key, done, timeout === Infinity ? undefined : left());
  });
}

/** Milliseconds in which a runner that has lost its daemon finds the next one. */
export const REGISTER_TIME = 30_000;
