/**
 * The front: one listener for every stack of this user.
 *
 *     listener → engine → gate → table → live: forward · warming: hold · failed, stopped: a page
 */
import type { Clock } from '../lib/clock.ts';
import { Emitter } from '../lib/emitter.ts';
import { messageOf } from '../lib/errors.ts';
import type { Decision, Engine, Handler, RequestHead, Target } from '../proxy/engine/engine.ts';
import { listen, type Listener } from '../proxy/listener.ts';
import { speaksTls } from '../proxy/tls-look.ts';
import { createTraffic, type Traffic } from '../proxy/traffic.ts';
import { createCrowd } from './crowd.ts';
import { decide, say, type Knowledge } from './decide.ts';
import { BROKEN, CLOSING, speaksTls as tlsNotice, type Notice } from './notices.ts';
import { createObserver, type RequestEvent } from './observe.ts';
import { createRestarts } from './restarts.ts';
import { compileResting, type RestingStack } from './resting.ts';
import { createWaitingRoom, type FrontLimits } from './room.ts';
import { createSightings, type Sighting } from './sightings.ts';
import { compileTable, normaliseHost, type FrontStack, type Match } from './table.ts';
import { createTlsFinder } from './tls-finder.ts';
import { createTracker } from './track.ts';

export interface Front {
  /**
   * Replaces every route at once; requests that wait look again.
   * @param resting the stacks that are known and not running
   */
  publish(stacks: readonly FrontStack[], resting?: readonly RestingStack[]): void;
  /** For `ms` milliseconds, requests for these hosts are held instead of refused. */
  expect(hosts: ReadonlySet<string>, ms: number): void;
  /**
   * Opens the port on 127.0.0.1 and, where the host has it, ::1, in place of the one that was open; 0 is any free one.
   * Returns the number.
   * @throws what `listen` throws (EADDRINUSE, EACCES).
   */
  listen(port: number): Promise<number>;
  /** Takes no more connections; exchanges under way have `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
  /** Who is asked what with which target: see `proxy/traffic.ts`. */
  readonly traffic: Pick<Traffic, 'drain' | 'quiet'>;
  /** A request waits for a service that starts on request. */
  readonly wakes: Pick<Emitter<Match>, 'on'>;
  /** A service that the contract says speaks HTTP was found to speak TLS, with what is to be done about it. */
  readonly speaksTls: Pick<Emitter<Match & { readonly notice: Notice }>, 'on'>;
  /** Whether a target was found to. */
  knowsTls(target: Pick<Target, 'host' | 'port'>): boolean;
  /** What was seen of the answers of a target; undefined where there was nothing odd. */
  sightingOf(target: Target): Sighting | undefined;
  /** What became of each request; they are only looked at while somebody listens here. */
  readonly requests: Pick<Emitter<RequestEvent>, 'on'>;
  /** Undefined while it does not listen. */
  readonly port: number | undefined;
}

export interface FrontOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly limits?: Partial<FrontLimits>;
}

export function createFront({ engine, clock, log, limits }: FrontOptions): Front {
  const restarts = createRestarts();
  let knowledge: Knowledge = {
    table: compileTable([]),
    expected: new Set(),
    resting: compileResting([]),
    restarts,
    port: 80,
  };
  let listener: Listener | undefined;
  let closing = false;
  let cancelExpect = (): void => undefined;
  const look = (head: RequestHead): ReturnType<typeof decide> =>
    closing ? say(head, CLOSING) : decide(head, knowledge, traffic.pick);
  const traffic = createTraffic(clock);
  const wakes = new Emitter<Match>();
  const room = createWaitingRoom({ clock, limits, look, wake: (match) => wakes.emit(match) });
  const requests = new Emitter<RequestEvent>();
  const observe = createObserver({ requests, clock, table: () => knowledge.table });
  const tls = createTlsFinder({ clock, look: speaksTls });
  const sightings = createSightings(clock);
  const misspeaking = new Emitter<Match & { readonly notice: Notice }>();
  const track = createTracker({
    clock,
    traffic,
    room,
    tls,
    sightings,
    onTls: (head, target) => {
      const match = knowledge.table.find(normaliseHost(head.host) ?? '', head.path);
      if (match !== undefined) misspeaking.emit({ ...match, notice: tlsNotice(match, target) });
    },
  });
  const learn = (news: Partial<Knowledge>): void => {
    knowledge = { ...knowledge, ...news };
    room.wake();
  };
  const apologise = (head: RequestHead, error: unknown): Decision => {
    log(`front: ${messageOf(error)}`);
    return say(head, BROKEN);
  };
  const serve: Handler = (head, signal) => {
    try {
      const decision = track(head, signal);
      return decision instanceof Promise
        ? decision.catch((error: unknown) => apologise(head, error))
        : decision;
    } catch (error) {
      return apologise(head, error);
    }
  };
  const server = engine.createServer(observe(serve));
  const crowd = createCrowd({ clock, log, open: () => server.connections });

  return {
    traffic,
    wakes,
    requests,
    speaksTls: misspeaking,
    knowsTls: (target) => tls.knows(target),
    sightingOf: (target) => sightings.of(target),
    publish: (stacks, resting = []) => {
      restarts.learn(stacks, clock.now());
      const targets = stacks.flatMap(({ routes }) =>
        routes.flatMap(({ route }) => (route.state === 'live' ? route.targets : [])),
      );
      tls.keep(targets);
      sightings.keep(targets);
      learn({ table: compileTable(stacks), resting: compileResting(resting) });
    },
    expect: (hosts, ms) => {
      cancelExpect();
      cancelExpect = clock.after(ms, () => learn({ expected: new Set() }));
      learn({ expected: hosts });
    },
    listen: async (wanted) => {
      await listener?.close();
      listener = undefined;
      listener = await listen(wanted, (socket) => server.accept(socket), crowd);
      learn({ port: listener.port });
      return listener.port;
    },
    close: async (drainMs) => {
      closing = true;
      cancelExpect();
      await listener?.close();
      listener = undefined;
      room.wake();
      await server.close(drainMs);
    },
    get port() {
      return listener?.port;
    },
  };
}
