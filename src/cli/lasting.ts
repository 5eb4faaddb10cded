/** A client of the daemon, whichever that is: daemons end and are followed by others, what is waited for goes on. */
import { systemClock } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { NoticeParams } from '../protocol/messages.ts';

export interface LastingClient extends DaemonClient {
  /** Whether the connection is over although nobody here closed it. */
  readonly isLost: boolean;
  /**
   * Connects to the next daemon, started if need be; what listened to the last one has to listen anew.
   * @throws PortrampError DAEMON_UNREACHABLE where a person stopped the daemon, and what dialling throws
   */
  renew(): Promise<void>;
}

/** @param dial connects to a daemon, and starts one where none runs */
export function createLasting(first: DaemonClient, dial: () => Promise<DaemonClient>): LastingClient {
  let current = first;
  let isLost = false;
  let isStopped = false;
  let isClosed = false;
  /** Several that wait on one client renew it together. */
  let renewing: Promise<void> | undefined;

  const adopt = (client: DaemonClient): void => {
    current = client;
    isLost = false;
    client.onClose(() => {
      if (current === client && !isClosed) isLost = true;
    });
    client.onNotice((name, params) => {
      if (name === 'closing') isStopped ||= (params as NoticeParams<'closing'>).reason === 'stop';
    });
  };
  adopt(first);

  return {
    get protocol() {
      return current.protocol;
    },
    get version() {
      return current.version;
    },
    get pid() {
      return current.pid;
    },
    get isLost() {
      return isLost;
    },
    request: (name, params, options) => current.request(name, params, options),
    onNotice: (listener) => current.onNotice(listener),
    onClose: (listener) => current.onClose(listener),
    onCommand: (handler) => current.onCommand(handler),
    close: () => {
      isClosed = true;
      current.close();
    },
    renew: async () => {
      if (isStopped) throw stopped();
      if (!isLost) return;
      renewing ??= dial()
        .then((client) => (isClosed ? client.close() : adopt(client)))
        .finally(() => {
          renewing = undefined;
        });
      await renewing;
    },
  };
}

const stopped = (): PortrampError =>
  new PortrampError('DAEMON_UNREACHABLE', 'the daemon was stopped meanwhile', {
    hint: '"portramp daemon start" starts it again; what runs goes on',
  });

/**
 * Asks, and asks the next daemon where the one that was asked went away: only what may be asked twice.
 * @param left milliseconds that there are for it
 */
export async function askThrough<T>(
  client: LastingClient,
  left: () => number,
  ask: (isAgain: boolean) => Promise<T>,
): Promise<T> {
  for (let isAgain = false; ; isAgain = true) {
    try {
      return await ask(isAgain);
    } catch (error) {
      if (!client.isLost || left() <= 0 || !isUnreachable(error)) throw error;
      await client.renew();
    }
  }
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof PortrampError && error.code === 'DAEMON_UNREACHABLE';

/** Counts down from so many milliseconds. */
export function countDown(timeout: number): () => number {
  const due = systemClock.now() + timeout;
  return () => Math.max(0, due - systemClock.now());
}
