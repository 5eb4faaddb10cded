/**
 * Runners and their stacks. The stream of a runner is its registration: when it ends, for whatever reason, the
 * stack is gone in the same moment. Nothing here is on disk: runners say everything again when they reconnect.
 */
import type { Clock } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import { explainSilence, mayBeHalted } from '../lib/silence.ts';
import { DEFAULT_ENVIRONMENT } from '../plan/names.ts';
import { isSameKey, keyText, type LedgerKey } from '../ports/ledger.ts';
import type {
  CommandAnswer,
  DaemonNotice,
  NoticeParams,
  RunnerCommand,
  StackSnapshot,
} from '../protocol/messages.ts';
import type { Peer } from '../protocol/peer.ts';

/** A client's connection, as far as sessions need it. */
export interface Connection {
  readonly peer: Peer;
  /** When the last line came in. */
  lastHeard: number;
  /** A runner's: it leaves a command that is withdrawn before it has begun with it. An older one carries it out. */
  withdraws?: boolean;
}

export interface Session {
  readonly key: LedgerKey;
  /** The runner's. */
  readonly pid: number;
  readonly connection: Connection;
  snapshot: StackSnapshot;
  /** Hosts that it wants and another stack holds: host → slug of the holder. */
  refusedHosts: Readonly<Record<string, string>>;
  /** True when it stopped answering (Ctrl-Z, a debugger). */
  silent: boolean;
}

export interface Sessions {
  /** @throws PortrampError STACK_RUNNING */
  attach(key: LedgerKey, pid: number, connection: Connection): Session;
  find(key: LedgerKey): Session | undefined;
  all(): Session[];
  /** Sends a notice to every runner. */
  tellAll<N extends DaemonNotice>(name: N, params: NoticeParams<N>): void;
  /** Ends what the connection registered; false when that is nothing. */
  detach(connection: Connection): boolean;
  /**
   * Passes a command on; one that is not answered in time, or whose `signal` aborts, is withdrawn.
   * @throws PortrampError STACK_NOT_RUNNING, RUNNER_SILENT, or the runner's own.
   */
  command(key: LedgerKey, command: RunnerCommand, signal?: AbortSignal): Promise<CommandAnswer>;
  close(): void;
}

export interface SessionsOptions {
  readonly clock: Clock;
  /** Called after a stack came, changed its `silent` mark, or went. */
  readonly onChange: (key: LedgerKey) => void;
  /** Says of a runner's process, at little cost, whether it may be held: it is asked at once. `mayBeHalted` unless given. */
  readonly mayBeHalted?: (pid: number) => boolean;
}

/** A runner's answer may take this long, in milliseconds. */
const ANSWER_TIMEOUT = 5_000;

/** How often every runner is looked at, all in one go. */
const LOOK_INTERVAL = 2_000;

/**
 * A runner that is not held and has said something within this time is not asked: a question wakes two processes, a
 * look none. Half of a look less than ten seconds, so that the answer to the question before is old enough.
 */
const ASK_INTERVAL = 10_000 - LOOK_INTERVAL / 2;

/** One that is stopped is asked at the next look: marked silent after 5 s. One that is busy is after 15. */
const PING_TIMEOUT = 3_000;

export function createSessions(options: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();
  const pings = watchSilence(sessions, options);

  const command: Sessions['command'] = async (key, order, signal) => {
    const session = sessions.get(keyText(key));
    if (session === undefined) throw notRunning(key);
    return (await session.connection.peer.request('command', order, {
      timeout: ANSWER_TIMEOUT,
      lateError: () => silentError(session, order),
      ...(signal === undefined ? {} : { signal }),
    })) as CommandAnswer;
  };

  return {
    attach: (key, pid, connection) => {
      const present = sessions.get(keyText(key));
      if (present !== undefined && present.connection !== connection) throw runningError(key, present.pid);
      const other = [...sessions.values()].find((session) => session.connection === connection);
      if (other !== undefined && !isSameKey(other.key, key)) {
        throw new PortrampError('BAD_MESSAGE', 'this connection is the runner of another stack');
      }
      const session: Session = {
        key,
        pid,
        connection,
        snapshot: { services: [], routes: [] },
        refusedHosts: {},
        silent: false,
      };
      sessions.set(keyText(key), session);
      pings.follow();
      options.onChange(key);
      return session;
    },
    find: (key) => sessions.get(keyText(key)),
    all: () => [...sessions.values()],
    detach: (connection) => {
      const session = [...sessions.values()].find((one) => one.connection === connection);
      if (session === undefined) return false;
      sessions.delete(keyText(session.key));
      pings.follow();
      options.onChange(session.key);
      return true;
    },
    tellAll: (name, params) => {
      for (const { connection } of sessions.values()) connection.peer.notify(name, params);
    },
    command,
    close: () => pings.stop(),
  };
}

/** Asks runners for a sign of life; runs only while there are runners. */
function watchSilence(
  sessions: ReadonlyMap<string, Session>,
  { clock, onChange, mayBeHalted: isSuspect = mayBeHalted }: SessionsOptions,
): { follow(): void; stop(): void } {
  const asked = new Set<Session>();
  let cancel: (() => void) | undefined;

  const mark = (session: Session, silent: boolean): void => {
    if (session.silent === silent || sessions.get(keyText(session.key)) !== session) return;
    session.silent = silent;
    onChange(session.key);
  };

  const ping = (session: Session): void => {
    const { peer } = session.connection;
    asked.add(session);
    void peer
      .request('command', { action: 'ping' }, { timeout: PING_TIMEOUT })
      .then(
        () => mark(session, false),
        (error: unknown) => mark(session, isLate(error) && isQuiet(session)),
      )
      .finally(() => asked.delete(session));
  };

  /** Anything that it says is a sign of life. */
  const isQuiet = ({ connection }: Session): boolean => clock.now() - connection.lastHeard >= PING_TIMEOUT;

  const isDue = (session: Session): boolean =>
    session.silent || clock.now() - session.connection.lastHeard >= ASK_INTERVAL || isSuspect(session.pid);

  const look = (): void => {
    cancel = undefined;
    for (const session of sessions.values()) if (!asked.has(session) && isDue(session)) ping(session);
    follow();
  };

  const stop = (): void => {
    cancel?.();
    cancel = undefined;
  };

  const follow = (): void => {
    if (sessions.size === 0) stop();
    else cancel ??= clock.after(LOOK_INTERVAL, look);
  };

  return { follow, stop };
}

const isLate = (error: unknown): boolean => error instanceof PortrampError && error.code === 'TIMEOUT';

const describeKey = ({ root, environment }: LedgerKey): string =>
  environment === DEFAULT_ENVIRONMENT ? root : `${root} (environment ${environment})`;

export const notRunning = (key: LedgerKey): PortrampError =>
  new PortrampError('STACK_NOT_RUNNING', `nothing is running in ${describeKey(key)}`, {
    hint: 'start it with "portramp dev"',
  });

const runningError = (key: LedgerKey, pid: number): PortrampError =>
  new PortrampError('STACK_RUNNING', `${describeKey(key)} is run by process ${pid} already`, {
    hint: '"portramp logs -f" shows it, "portramp down" stops it',
  });

function silentError({ key, pid, connection }: Session, order: RunnerCommand): PortrampError {
  const { words, hint, isHeld } = explainSilence(pid);
  const what = `the runner of ${describeKey(key)} (pid ${pid}) does not answer: it ${words}`;
  const fate = describeFate(order, { isHeld, isWithdrawn: connection.withdraws === true });
  return new PortrampError('RUNNER_SILENT', what, { hint: `${hint}; ${fate}` });
}

/** Says whether the runner does later what was asked of it: who types the command anew should not get it twice. */
function describeFate(
  { action }: RunnerCommand,
  { isHeld, isWithdrawn }: { readonly isHeld: boolean; readonly isWithdrawn: boolean },
): string {
  if (!isWithdrawn) return `"${action}" stands: it is carried out as soon as the runner goes on`;
  return isHeld
    ? `"${action}" was withdrawn, and is not carried out then`
    : `"${action}" was withdrawn, unless the runner had begun with it`;
}
