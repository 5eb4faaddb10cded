/** How the start of a daemon goes, from what its process says, and how long it is waited for. */
import type { ChildProcess } from 'node:child_process';

import type { Clock } from '../lib/clock.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import type { Silence } from '../lib/silence.ts';
import { decodeError, type WireError } from './peer.ts';

/** The message of a starting daemon to its starter, sent once over Node's IPC channel. */
export type StartReport = { readonly ready: true } | { readonly failed: WireError };

/** The outcome of a start. A daemon that a signal ended has no reason of its own: the next one may well get ready. */
export type Start = { readonly kind: 'ready' } | { readonly kind: 'killed'; readonly error: PortrampError };

export interface Awaited {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** Milliseconds from the start of the process to its report. */
  readonly timeout: number;
  /** Reads the end of what the daemon wrote to its log. */
  readonly logTail: () => string;
  readonly explain: (pid: number) => Silence;
}

/** Milliseconds after which it is looked, again and again, whether somebody holds the process: then waiting is no use. */
const LOOK = 15_000;

/**
 * Waits for the report of a daemon. Slow is no failure: the machine may be busy, or the disk. What has not reported when
 * the time is over, or is held by a signal or a debugger, is ended, for it has the lock that the next one needs.
 * @throws PortrampError what the daemon died of, or DAEMON_UNREACHABLE with the end of its log.
 */
export function awaitReport(
  child: Pick<ChildProcess, 'pid' | 'kill' | 'on' | 'off'>,
  { clock, timeout, logTail, explain }: Awaited,
): Promise<Start> {
  return new Promise((resolve, reject) => {
    const begun = clock.now();
    const look = (): void => {
      const passed = clock.now() - begun;
      const { isHeld, words } = explain(child.pid ?? 0);
      if (!isHeld && passed < timeout) return wait(timeout - passed);
      child.kill('SIGKILL');
      const why = isHeld ? `: it ${words}, and was ended` : '';
      fail(dead(`did not get ready within ${Math.round(passed / 1_000)} s${why}`));
    };
    let cancel = (): void => undefined;
    const wait = (left: number): void => {
      cancel = clock.after(Math.min(LOOK, left), look);
    };
    const leave = (): void => {
      cancel();
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
    };
    const end = (start: Start): void => {
      leave();
      resolve(start);
    };
    const fail = (error: Error): void => {
      leave();
      reject(error);
    };
    const dead = (what: string): PortrampError => {
      const tail = logTail();
      return new PortrampError('DAEMON_UNREACHABLE', `the daemon ${what}${tail === '' ? '' : `:\n${tail}`}`, {
        hint: 'see daemon.log in the state folder',
      });
    };
    let failure: PortrampError | undefined;
    const onMessage = (message: unknown): void => {
      const report = message as StartReport;
      // It is about to exit: the next attempt must not meet it.
      if ('failed' in report) failure = decodeError(report.failed);
      else end({ kind: 'ready' });
    };
    const onExit = (code: number | null, signal: string | null): void => {
      const error = failure ?? dead(`ended at its start (${signal ?? `exit code ${code}`})`);
      if (failure === undefined && signal !== null) end({ kind: 'killed', error });
      else fail(error);
    };
    const onError = (error: Error): void => fail(dead(`could not be started: ${messageOf(error)}`));
    wait(timeout);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}
