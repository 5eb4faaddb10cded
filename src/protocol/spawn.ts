import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Clock } from '../lib/clock.ts';
import type { Home } from '../lib/home.ts';
import { explainSilence } from '../lib/silence.ts';
import { DAEMON_ENTRY, copyBundle } from './daemon-copy.ts';
import { awaitReport, type Start } from './start-report.ts';

export interface StartOptions {
  readonly home: Home;
  readonly version: string;
  readonly bundle?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Milliseconds that the daemon may take to get ready. */
  readonly timeout: number;
}

/** How much of the log is shown when a daemon dies at its start. */
const LOG_TAIL = 2_000;

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
    const { clock, timeout } = options;
    const logTail = (): string => tailOf(home.daemonLog, logStart);
    return await awaitReport(child, { clock, timeout, logTail, explain: explainSilence });
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
