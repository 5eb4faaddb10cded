import { systemClock } from '../lib/clock.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { NoticeParams, RunningStack, StackKey } from '../protocol/messages.ts';
import { PortrampError } from '../lib/errors.ts';
import { isSameStack } from './daemon-access.ts';

/**
 * Resolves with the first state of the stack for which `done` holds; `undefined` is a stack without a runner.
 * Rejects with what `done` throws, when the daemon goes away, or after `timeout` milliseconds.
 */
export async function until(
  client: DaemonClient,
  key: StackKey,
  done: (stack: RunningStack | undefined) => boolean,
  timeout?: number,
): Promise<RunningStack | undefined> {
  const cleanups: (() => void)[] = [];
  try {
    return await new Promise<RunningStack | undefined>((resolve, reject) => {
      cleanups.push(
        client.onNotice((name, params) => {
          if (name !== 'stack') return;
          const news = params as NoticeParams<'stack'>;
          if (!isSameStack(news.key, key)) return;
          try {
            if (done(news.stack)) resolve(news.stack);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        }),
        client.onClose(() => reject(new PortrampError('DAEMON_UNREACHABLE', 'the daemon went away'))),
      );
      if (timeout !== undefined) {
        const late = new PortrampError('TIMEOUT', `it did not happen within ${timeout / 1000} s`);
        cleanups.push(systemClock.after(timeout, () => reject(late)));
      }
      client.request('watch', { stack: key }).catch(reject);
    });
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

/** Milliseconds from the attachment of a runner to its first snapshot: the log files and a watchdog are opened. */
const PUBLISH_TIME = 10_000;

/** Resolves when the runner can obey commands: one that is just starting has no services yet. */
export async function untilPublished(client: DaemonClient, key: StackKey): Promise<void> {
  await until(
    client,
    key,
    (stack) => stack === undefined || stack.silent === true || stack.services.length > 0,
    PUBLISH_TIME,
  );
}
