/** Keeps count of what is under way with each target, and sends a request elsewhere where that is safe. */
import type { Clock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errors.ts';
import type { Decision, Fate, Handler, Reply, RequestHead, Target } from '../proxy/engine/engine.ts';
import { RESTART_TIME } from '../proxy/hold.ts';
import { kindOf, type Passage, type Traffic } from '../proxy/traffic.ts';
import { SpeaksTlsError } from '../proxy/tls-look.ts';
import type { Choice, Placed } from './decide.ts';
import { SilentTargetError } from './restarts.ts';
import type { WaitingRoom } from './room.ts';
import type { Sightings } from './sightings.ts';
import type { TlsFinder } from './tls-finder.ts';

export interface TrackerParts {
  readonly clock: Clock;
  readonly traffic: Traffic;
  readonly tls: Pick<TlsFinder, 'knows' | 'suspect'>;
  /** The target of a request was found to speak TLS. */
  readonly onTls: (head: RequestHead, target: Target) => void;
  readonly sightings: Pick<Sightings, 'failed' | 'dropped'>;
  readonly room: Pick<WaitingRoom, 'settle' | 'now' | 'news'>;
}

/** How often a connection is tried for a request where the target does not refuse, and cannot be reached either. */
const ATTEMPTS = 4;

/** Milliseconds before a target that refused is asked again, where there is no other. */
const PAUSE = 250;

/** What was tried already. */
interface Tried {
  readonly attempts: number;
  /** When the first target refused, by the clock. */
  readonly since: number | undefined;
}

const NOTHING: Tried = { attempts: 0, since: undefined };

export function createTracker({ clock, traffic, room, tls, onTls, sightings }: TrackerParts): Handler {
  const track = (decision: Choice, head: RequestHead, signal: AbortSignal, tried: Tried): Decision => {
    if (decision.action === 'reply') return decision;
    const { target } = decision;
    const passage = traffic.begin(target, kindOf(head));
    // Written out, since this is done for every request.
    return {
      action: 'forward',
      target,
      headers: decision.headers,
      path: decision.path,
      until: passage.until,
      onDropped: sightings.dropped,
      onUnreachable: (error) => excuse(decision, head, error),
      onEnd: endOf(passage),
      again: isLoopback(target.host)
        ? async (error, fate) => {
            // A connection that was used before has carried HTTP.
            if (fate !== 'stale' && (await misspeaks(target, head, error)))
              return replyFor(decision, new SpeaksTlsError());
            if (fate === 'sent') return track(await instead(decision, head, error), head, signal, tried);
            const next: Tried = { attempts: tried.attempts + 1, since: tried.since ?? clock.now() };
            const end = endOfPatience(decision, error, fate, next);
            if (end !== undefined) {
              sightings.failed(target, end);
              return replyFor(decision, end);
            }
            return track(await elsewhere(target, head, signal), head, signal, next);
          }
        : undefined,
    };
  };

  /**
   * A service that starts itself anew, as those under a watcher do, lets go of its port for a while: until its runner
   * says more, what it refused waits. @returns what is to be answered when that took too long
   */
  const endOfPatience = (
    { isRun }: Placed,
    error: Error,
    fate: Fate,
    { attempts, since = 0 }: Tried,
  ): Error | undefined => {
    // What runs elsewhere has no runner that says more.
    if (!isRun && fate !== 'stale') return error;
    if (errnoOf(error) !== 'ECONNREFUSED') return attempts < ATTEMPTS ? undefined : error;
    return clock.now() - since < RESTART_TIME ? undefined : new SilentTargetError();
  };

  const misspeaks = async (target: Target, head: RequestHead, error: Error): Promise<boolean> => {
    const wasKnown = tls.knows(target);
    const found = await tls.suspect(target, error);
    if (found && !wasKnown && tls.knows(target)) onTls(head, target);
    return found;
  };

  /** What cannot be asked again is answered with what is found out. */
  const excuse = async (decision: Placed, head: RequestHead, error: Error): Promise<Reply> => {
    const found = (await misspeaks(decision.target, head, error)) ? new SpeaksTlsError() : error;
    sightings.failed(decision.target, found);
    return decision.onUnreachable(found);
  };

  /**
   * What is to be done after a target took a request and said nothing: it is carried out by another instance, but never
   * twice by one that may have begun to, and may have ended of it.
   */
  const instead = async (decision: Placed, head: RequestHead, error: Error): Promise<Choice> => {
    const { target } = decision;
    traffic.refused(target);
    const next = room.now(head);
    if (next?.action === 'forward' && !isSame(next.target, target)) return next;
    sightings.failed(target, error);
    return replyFor(decision, error);
  };

  /**
   * What is to be done after a target did not take a request, or is not known to have: the connection was closed that
   * others had used. A target that dies closes its connections one by one, and may take another one in between.
   */
  const elsewhere = async (refused: Target, head: RequestHead, signal: AbortSignal): Promise<Choice> => {
    traffic.refused(refused);
    const next = await room.settle(head, signal);
    if (next.action === 'reply' || !traffic.isRefusing(next.target)) return next;
    // An instance that broke down: its runner is about to say so, and then the request is held.
    await room.news(PAUSE, signal);
    return room.settle(head, signal);
  };

  return (head, signal) => {
    const decision = room.settle(head, signal);
    // No promise where nobody has to wait.
    return decision instanceof Promise
      ? decision.then((settled) => track(settled, head, signal, NOTHING))
      : track(decision, head, signal, NOTHING);
  };
}

const replyFor = async (decision: Placed, error: Error): Promise<Choice> => ({
  action: 'reply',
  reply: await decision.onUnreachable(error),
});

/** By itself: a closure made beside others keeps alive what they use, and a tunnel keeps this one for days. */
const endOf = (passage: Passage) => (): void => passage.end();

const isSame = (left: Target, right: Target): boolean => left.host === right.host && left.port === right.port;

const isLoopback = (host: string): boolean => host === '127.0.0.1' || host === '::1' || host === 'localhost';
