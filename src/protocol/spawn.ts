import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { systemClock } from '../lib/clock.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import type { Home } from '../lib/home.ts';
import { DAEMON_ENTRY, copyBundle } from './daemon-copy.ts';
import { decodeError, type WireError } from './peer.ts';

export interface StartOptions {
  readonly home: Home;
  readonly version: string;
  readonly bundle?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The message of a starting daemon to its starter, sent once over Node's IPC channel. */
export type StartReport = { readonly ready: true } | { readonly failed: WireError };

/** Milliseconds from the start of the process to its report. */
const START_TIMEOUT = 15_000;

/** How much of the log is shown when a daemon dies at its start. */
const LOG_TAIL = 2_000;

/** The outcome of a start. A daemon that a signal ended has no reason of its own: the next one may well get ready. */
export type Start = { readonly kind: 'ready' } | { readonly kind: 'killed'; readonly error: PortrampError };

/**
 * Starts a daemon and returns when it listens, when it found that another one does, or when a signal has ended it. The
 * caller holds the start lock and has made the state folder.
 * @throws PortrampError what the daemon died of, or DAEMON_UNREACHABLE with the end of its log.
 */
export async function startDaemon(options: StartOptions): Promise<Start> {
  const { home } = options;
  const bundle = options.bundle ?? dirname(fileURLToPath(import.meta.url));
  const copy = await copyBundle(bundle, home.versions, options.version);
  const log = openSync(home.daemonLog, 'a', 0o600);
  const logStart = fstatSync(log).size;
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [join(copy, DAEMON_ENTRY)], {
      // No folder is kept from being removed or unmounted.
      cwd: '/',
      env: daemonEnvironment(home, options.environment ?? process.env),
      // Its own session: Ctrl-C in the starter's terminal is not for the daemon.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      windowsHide: true,
    });
  } finally {
    closeSync(log);
  }
  try {
    return await awaitReport(child, () => tailOf(home.daemonLog, logStart));
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

const INHERITED =
  /^(PATH|NODE_V8_COVERAGE|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|PORTRAMP_(HTTP_PORT|HTTPS_PORT|ENGINE)|SystemRoot|USERPROFILE|USERNAME|APPDATA|LOCALAPPDATA|TEMP|TMP)$/i;

/**
 * Only what the daemon needs. Left out on purpose: NODE_OPTIONS (a relative `--require` would kill it) and
 * PORTRAMP_RUN (the daemon is no part of the run that happens to start it).
 */
export function daemonEnvironment(home: Home, from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(from).filter(([name]) => INHERITED.test(name));
  return { ...Object.fromEntries(inherited), PORTRAMP_HOME: home.root };
}

function awaitReport(child: ChildProcess, logTail: () => string): Promise<Start> {
  return new Promise((resolve, reject) => {
    const cancelLate = systemClock.after(START_TIMEOUT, () => {
      child.kill('SIGKILL');
      fail(dead(`did not get ready within ${START_TIMEOUT / 1000} s`));
    });
    const leave = (): void => {
      cancelLate();
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
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

/** The end of what was written to the log after `start` (bytes). */
function tailOf(path: string, start: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const from = Math.max(Math.min(start, size), size - LOG_TAIL);
    const buffer = Buffer.alloc(size - from);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, from)).trim();
  } finally {
    closeSync(file);
  }
}
