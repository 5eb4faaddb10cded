/**
 * The way to the daemon: dial, hello, and, where asked, start one. Loads neither zod nor any other package:
 * most commands need nothing else.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock, type Clock } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import type { Home } from '../lib/home.ts';
import { lockHolder, tryLock, type Lock } from '../lib/lock.ts';
import { identityOf, isAlive } from '../lib/process-identity.ts';
import { explainSilence } from '../lib/silence.ts';
import {
  checkStateFolder,
  checkWritable,
  describeStateError,
  prepareStateFolder,
} from '../lib/state-folder.ts';
import {
  ask,
  createClient,
  createConnection,
  unansweredError,
  type Connection,
  type DaemonClient,
} from './connection.ts';
import { dialSocket } from './dial.ts';
import type { DaemonResult } from './messages.ts';
import type { RequestOptions } from './peer.ts';
import { startDaemon } from './spawn.ts';
import { PROTOCOL, type ProtocolRange } from './version.ts';

export type { DaemonClient } from './connection.ts';

export interface ConnectOptions {
  readonly home: Home;
  /** Whether a daemon is started when none runs, and an older one replaced where this client needs it. */
  readonly spawn: boolean;
  /** This portramp's version: names the private copy that a daemon runs from. */
  readonly version: string;
  /** The protocol versions that this client speaks. */
  readonly protocol?: ProtocolRange;
  /** The folder of the bundle (`dist`); that of the running code unless given. */
  readonly bundle?: string;
  /** Where the allow-listed variables of a new daemon come from. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Milliseconds for all of it, as long as the caller waits anyway; the start of a daemon has 15 s at least. */
  readonly timeout?: number;
  /** Told what a person should know, such as damaged state that was set aside, or what is waited for. */
  readonly onNotice?: (text: string) => void;
  readonly clock?: Clock;
}

/** Milliseconds where the caller has no bound of its own. */
const CONNECT_TIMEOUT = 60_000;

/** Milliseconds that a start may take, however little time the caller has: it is not begun to be broken off. */
const LEAST = 15_000;

/** Milliseconds: what is quicker needs no word. */
const WORDLESS = 5_000;

/** Daemons that one connection starts at most, when each is ended by a signal at its start, or does not answer after it. */
const MAX_STARTS = 3;

/**
 * Connects to the daemon of this home. Without `spawn`: undefined when none runs.
 * @throws PortrampError DAEMON_UNREACHABLE, PROTOCOL_MISMATCH, STATE_FOLDER, or what the daemon died of.
 */
export async function connectDaemon(
  options: ConnectOptions & { readonly spawn: true },
): Promise<DaemonClient>;
export async function connectDaemon(options: ConnectOptions): Promise<DaemonClient | undefined>;
export async function connectDaemon(options: ConnectOptions): Promise<DaemonClient | undefined> {
  await checkStateFolder(options.home);
  const first = await greet(options).catch(async (error: unknown) => {
    await checkWritable(options.home.root);
    throw error;
  });
  if (first.kind === 'welcome') return first.client;
  if (!options.spawn) {
    if (first.kind === 'older') throw mismatchError(options, first.status);
    return undefined;
  }
  for (const text of await prepareStateFolder(options.home)) options.onNotice?.(text);
  const { clock = systemClock } = options;
  const cancel = clock.after(WORDLESS, () => options.onNotice?.('waiting: the daemon is starting'));
  try {
    return await startOrJoin(options, clock);
  } finally {
    cancel();
  }
}

async function startOrJoin(options: ConnectOptions, clock: Clock): Promise<DaemonClient> {
  const deadline = clock.now() + Math.max(options.timeout ?? CONNECT_TIMEOUT, LEAST);
  while (clock.now() < deadline) {
    const lock = takeSpawnLock(options.home);
    if (lock !== undefined) {
      try {
        return await replaceOrStart(options, clock, deadline);
      } catch (error) {
        throw describeStateError(error, options.home, options.home.root) ?? error;
      } finally {
        lock.release();
      }
    }
    // Somebody else is starting one: dial again, out of step with the others.
    await pause(20 + Math.random() * 80);
    const next = await greet(options);
    if (next.kind === 'welcome') return next.client;
  }
  throw new PortrampError('DAEMON_UNREACHABLE', 'another process has been starting the daemon for too long', {
    hint: `see ${options.home.daemonLog}, then try again`,
  });
}

/** @throws PortrampError STATE_FOLDER when the disk is full. */
function takeSpawnLock(home: Home): Lock | undefined {
  try {
    // To ask who has it costs a fraction of trying, and all runners of a machine wait for it together.
    return lockHolder(home.spawnLock) === undefined ? tryLock(home.spawnLock) : undefined;
  } catch (error) {
    throw describeStateError(error, home, home.root) ?? error;
  }
}

type Greeting =
  | { readonly kind: 'welcome'; readonly client: DaemonClient }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'older'; readonly status: DaemonResult<'status'> };

/** Called with the start lock held, so that no older client starts its daemon between the steps. */
async function replaceOrStart(
  options: ConnectOptions,
  clock: Clock,
  deadline: number,
): Promise<DaemonClient> {
  for (let starts = 1; ; starts += 1) {
    const greeting = await greet(options);
    if (greeting.kind === 'welcome') return greeting.client;
    if (greeting.kind === 'older') await askToYield(options, greeting.status);
    const timeout = Math.max(deadline - clock.now(), LEAST);
    const start = await startDaemon({ ...options, clock, timeout });
    const started = await greet(options);
    if (started.kind === 'welcome') return started.client;
    if (started.kind === 'older') throw mismatchError(options, started.status);
    if (starts >= MAX_STARTS) throw start.kind === 'killed' ? start.error : endedError(options);
  }
}

/** Of daemons that got ready, and were gone before they could be asked anything. */
const endedError = ({ home }: ConnectOptions): PortrampError =>
  new PortrampError('DAEMON_UNREACHABLE', `the daemon ended right after its start, ${MAX_STARTS} times`, {
    hint: `see ${home.daemonLog}`,
  });

/** Makes the error for a daemon that does not answer. */
const patienceWith = ({ home }: ConnectOptions): RequestOptions => ({
  lateError: () => unansweredError(lockHolder(home.lock)?.pid),
});

async function greet(options: ConnectOptions): Promise<Greeting> {
  const socket = await dialSocket(options.home.socket);
  if (socket === undefined) return { kind: 'nobody' };
  const range = options.protocol ?? PROTOCOL;
  const connection = createConnection(socket);
  const { peer } = connection;
  try {
    const hello = await ask(
      peer,
      'hello',
      { protocol: { min: range.min, max: range.max }, version: options.version },
      patienceWith(options),
    );
    return { kind: 'welcome', client: createClient(connection, hello) };
  } catch (error) {
    try {
      return await judgeRefusal(error, connection, options, range);
    } finally {
      peer.close();
    }
  }
}

async function judgeRefusal(
  error: unknown,
  { peer }: Connection,
  options: ConnectOptions,
  range: ProtocolRange,
): Promise<Greeting> {
  if (!(error instanceof PortrampError)) throw error;
  if (error.code === 'PROTOCOL_MISMATCH') {
    const status = await ask(peer, 'status', {}, patienceWith(options));
    if (status.protocol.max < range.min) return { kind: 'older', status };
    throw mismatchError(options, status);
  }
  // It hung up before the hello: it is on its way out.
  if (peer.closed) return { kind: 'nobody' };
  throw error;
}

async function askToYield(options: ConnectOptions, status: DaemonResult<'status'>): Promise<void> {
  const daemon = identityOf(status.pid);
  const socket = await dialSocket(options.home.socket);
  if (socket === undefined || daemon === undefined) return;
  const { peer } = createConnection(socket);
  const protocol = (options.protocol ?? PROTOCOL).max;
  try {
    const answer = ask(peer, 'yield', { protocol, version: options.version }, patienceWith(options));
    const { yielding } = await answer;
    if (!yielding) throw mismatchError(options, status);
  } finally {
    peer.close();
  }
  const deadline = systemClock.now() + 10_000;
  while (isAlive(daemon)) {
    if (systemClock.now() > deadline) {
      const { words, hint } = explainSilence(daemon.pid);
      const what = `the older daemon (pid ${daemon.pid}) does not go away: it ${words}`;
      throw new PortrampError('DAEMON_UNREACHABLE', what, { hint });
    }
    await pause(20);
  }
}

function mismatchError(options: ConnectOptions, status: DaemonResult<'status'>): PortrampError {
  const own = options.protocol ?? PROTOCOL;
  const spans = `it speaks protocol ${span(status.protocol)}, this portramp ${options.version} speaks ${span(own)}`;
  const newer = status.protocol.min > own.max;
  return new PortrampError(
    'PROTOCOL_MISMATCH',
    `the running daemon is ${newer ? 'newer' : 'older'} (portramp ${status.version}, pid ${status.pid}): ${spans}`,
    {
      hint: newer
        ? `install portramp ${status.version} or later in this checkout`
        : 'run "portramp daemon start" with the newer portramp',
    },
  );
}

const span = ({ min, max }: ProtocolRange): string => (min === max ? String(max) : `${min} to ${max}`);
