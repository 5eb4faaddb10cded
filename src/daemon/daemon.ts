/** The daemon: what it owns, and in which order that comes and goes. */
import type { Front } from '../front/front.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import type { Home } from '../lib/home.ts';
import type { Lock } from '../lib/lock.ts';
import { prepareStateFolder } from '../lib/state-folder.ts';
import { holdersOf } from '../ports/holders.ts';
import { openLedger, type LedgerFile } from '../ports/ledger-file.ts';
import { findOther, findStack, keyText, withoutIdleLoans, type LedgerKey } from '../ports/ledger.ts';
import { lookAtPort } from '../ports/look.ts';
import { isPortFree } from '../ports/probe.ts';
import { PROTOCOL, type ProtocolRange } from '../protocol/version.ts';
import { ALREADY_RUNNING, claimSocket, listenControl, type ControlConnection } from './control.ts';
import { dispatch, type DispatchContext } from './dispatch.ts';
import { createEnding, type Ending } from './ending.ts';
import { createFollowers, type Followers } from './followers.ts';
import { chooseFrontPorts, type FrontChoice } from './front-choice.ts';
import { describeUnreachable, openFrontPort, type FrontPort } from './front-port.ts';
import { keepFrontNumber, readFrontNumber, type StoredFront } from './front-store.ts';
import type { Inspection } from './inspection.ts';
import { followGone } from './gone-roots.ts';
import { frontStacks, restingStacks } from './routes.ts';
import { keepsLoans } from './loans.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { readFrontSettings } from './settings.ts';
import { createStacks, type Stacks } from './stacks.ts';
import { createVerification, TRUST, type Verification } from './verification.ts';

export interface DaemonOptions {
  readonly home: Home;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly front: Front;
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  readonly protocol?: ProtocolRange;
  /** Looks at listeners; without it nobody does, and every route is trusted. */
  readonly inspection?: Inspection;
  /** Called when this daemon must end at once and clean up nothing: what it had is another one's now. */
  readonly onDisplaced: () => void;
}

export type EndReason = 'stop' | 'yield';

/** `ended` resolves after the last listener and file is closed. */
export type Daemon = Ending<EndReason>;

/** After a start, requests for hosts of the ledger are held for this long (milliseconds). */
const EXPECT_TIME = 5_000;

/** Exchanges under way at the end of the daemon may take this long to finish (milliseconds). */
const DRAIN_TIME = 500;

/**
 * Starts a daemon, or finds that one is running.
 * @throws PortrampError STATE_FOLDER, LEDGER_NEWER, FRONT_PORT_CONFLICT, USAGE, DAEMON_UNREACHABLE.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon | typeof ALREADY_RUNNING> {
  const setAside = await prepareStateFolder(options.home);
  const lock = await claimSocket(options.home);
  if (lock === ALREADY_RUNNING) return ALREADY_RUNNING;
  try {
    return await open(options, lock, setAside);
  } catch (error) {
    await options.front.close(0);
    lock.release();
    throw error;
  }
}

/** The state that the requests work on. */
interface Parts {
  readonly ledger: LedgerFile;
  /** Said once, to whoever claims a name next, and for as long as this daemon lives by `status`: what had to be set aside. */
  readonly damage: readonly string[];
  readonly frontPort: FrontPort;
  readonly sessions: Sessions;
  readonly stacks: Stacks;
  readonly followers: Followers;
  readonly verification: Verification;
  readonly connections: Set<ControlConnection>;
  readonly route: () => void;
  readonly sendStack: DispatchContext['sendStack'];
}

async function open(options: DaemonOptions, lock: Lock, setAside: readonly string[]): Promise<Daemon> {
  const { home, log, front } = options;
  const clock = options.clock ?? systemClock;
  const { file: ledger, problem } = await openLedger(home.ledger);
  const stored = await readFrontNumber(home.front);
  const choice = await chooseFront(options, stored);
  const damage = [...setAside, problem, stored.problem].filter((text) => text !== undefined);
  damage.forEach(log);
  front.expect(new Set(Object.keys(ledger.current.hosts)), EXPECT_TIME);
  const registry = createRegistry(options, ledger, clock);
  const frontPort = await openFrontPort({
    listen: (port) => front.listen(port),
    choice,
    remember: (number) => keepFrontNumber(home.front, number),
    holdersOf,
    onMove: (told, frontMoves) => registry.sessions.tellAll('front', { front: told, frontMoves }),
    clock,
    log,
  });
  const parts = { ledger, damage, frontPort, ...registry };
  const { sessions, followers, verification, connections } = parts;
  parts.route();
  const stopListening = [wakeOnRequest(front, sessions), tellOfTls(front, sessions)];
  const ending = createEnding<EndReason>(async (reason) => {
    log(`closing (${reason})`);
    control.stopListening();
    for (const { peer } of connections) peer.notify('closing', { reason });
    const settled = frontPort.close();
    for (const stop of stopListening) stop();
    followers.close();
    sessions.close();
    verification.close();
    await front.close(DRAIN_TIME);
    await settled;
    await ledger.flush();
    control.closeConnections();
    lock.release();
  });
  const context = createContext(options, parts, ending.end);
  const control = await listenControl({
    home,
    lock,
    clock,
    log,
    connections,
    onDisplaced: options.onDisplaced,
    serve: (connection, name, params, signal) => dispatch(context, connection, { name, params, signal }),
    onGone: (connection) => {
      followers.drop(connection.peer);
      if (sessions.detach(connection)) parts.route();
    },
  }).catch(async (error: unknown) => {
    await frontPort.close();
    verification.close();
    throw error;
  });
  log(`portramp ${options.version} listens on ${home.socket} (pid ${process.pid})`);
  return ending;
}

/** Passes on to the runners that somebody waits for a service; once in a while is enough. */
function wakeOnRequest(front: Front, sessions: Sessions): () => void {
  const asked = new Set<string>();
  return front.wakes.on(({ stack, route: { service } }) => {
    const session = sessions.all().find(({ key }) => keyText(key) === stack.key);
    const name = `${stack.key}\0${service}`;
    if (session === undefined || asked.has(name)) return;
    asked.add(name);
    // A runner that does not answer is named by its silence; the request waits as long as it may.
    void sessions
      .command(session.key, { action: 'wake', services: [service] })
      .catch(() => undefined)
      .finally(() => asked.delete(name));
  });
}

/** Tells runners what the front found out about their services. */
function tellOfTls(front: Front, sessions: Sessions): () => void {
  return front.speaksTls.on(({ stack, notice }) => {
    const session = sessions.all().find(({ key }) => keyText(key) === stack.key);
    const { message, hint } = notice;
    session?.connection.peer.notify('notice', {
      key: session.key,
      text: `${message} ${hint ?? ''}`.trim(),
    });
  });
}

async function chooseFront(
  { home, environment }: DaemonOptions,
  { number }: StoredFront,
): Promise<FrontChoice> {
  return chooseFrontPorts(await readFrontSettings(home.config, environment), number, home.config);
}

function createRegistry(
  { front, log, inspection }: DaemonOptions,
  ledger: LedgerFile,
  clock: Clock,
): Pick<Parts, 'sessions' | 'stacks' | 'followers' | 'verification' | 'connections' | 'route' | 'sendStack'> {
  const connections = new Set<ControlConnection>();
  const sendStack = (connection: ControlConnection, key: LedgerKey): void => {
    const stack = stacks.find(key);
    connection.peer.notify('stack', { key, ...(stack === undefined ? {} : { stack }) });
  };
  const tellWatchers = (key: LedgerKey): void => {
    for (const connection of connections) {
      if (connection.watched.has(keyText(key))) sendStack(connection, key);
    }
  };
  const sessions = createSessions({ clock, onChange: tellWatchers });
  const goneRoots = followGone(() => route());
  const route = (): void => {
    const resting = restingStacks(sessions, ledger.current, goneRoots.known);
    front.publish(
      frontStacks(sessions, ledger.current, (marker) => verification.standingOf(marker)),
      resting,
    );
    goneRoots.follow(resting.map(({ root }) => root));
  };
  const verification =
    inspection === undefined
      ? TRUST
      : createVerification({
          inspection,
          clock,
          log,
          sessions: () => sessions.all(),
          leaseOf: (number, own) => {
            const others = withoutIdleLoans(ledger.current, keepsLoans(sessions));
            const lease = findOther(others, number, { ...own.session.key, service: own.service });
            return lease && `${lease.service} of ${findStack(ledger.current, lease)?.slug ?? lease.root}`;
          },
          labelOf: (key, service) => `${service} of ${findStack(ledger.current, key)?.slug ?? key.root}`,
          onChange: route,
          onSightings: ({ key, connection }, sightings) =>
            connection.peer.notify('sightings', { key, sightings }),
          onFindings: ({ key, connection }, findings) =>
            connection.peer.notify('findings', { key, findings }),
        });
  const stacks = createStacks({
    ledger,
    sessions,
    route,
    onChange: tellWatchers,
    isPortFree,
    lookAtPort,
    knowsTls: (port) => front.knowsTls({ host: '127.0.0.1', port }),
    sightingOf: (target) => front.sightingOf(target),
  });
  const followers = createFollowers({ requests: front.requests, clock });
  return { sessions, stacks, followers, verification, connections, route, sendStack };
}

function createContext(
  options: DaemonOptions,
  { damage, frontPort, sessions, stacks, followers, verification, sendStack }: Parts,
  end: Daemon['end'],
): DispatchContext {
  const { version, home, front } = options;
  const { min, max } = options.protocol ?? PROTOCOL;
  const untold = [...damage];
  return {
    version,
    protocol: { min, max },
    sessions,
    stacks,
    traffic: front.traffic,
    followers,
    verification,
    sendStack,
    status: () => ({
      pid: process.pid,
      version,
      protocol: { min, max },
      home: home.root,
      front: frontPort.status,
      stacks: sessions.all().length,
      problems: [...damage, ...frontPort.problems],
    }),
    front: () => frontPort.status,
    frontMoves: () => frontPort.moves,
    adoptFront: (held) => frontPort.adopt(held),
    takeNotices: () => [
      ...untold.splice(0),
      ...frontPort.takeNotices(),
      ...[describeUnreachable(frontPort.status, home.config)].filter((text) => text !== undefined),
    ],
    // Not before the answer, which is sent in the microtasks of this turn.
    end: (reason) => void setImmediate(() => end(reason)),
  };
}
