/**
 * Watches one instance: gathers the facts that `assess.ts` judges, and tells when the verdict changes. Quick looks until
 * the instance is ready for the first time, relaxed ones after that.
 */
import type { Follow } from '../../plan/plan.ts';
import { STEADY } from '../exit.ts';
import type { ProbeResult } from '../probe.ts';
import {
  assess,
  isSameVerdict,
  DOUBT,
  EXPECTED,
  LATE,
  SILENCE,
  type Assessment,
  type ElsewhereFacts,
  type TreeFacts,
  type Verdict,
} from './assess.ts';
import { watchElsewhere } from './elsewhere.ts';
import { createFollowing, type Followed } from './following.ts';
import { watchHalts } from './halts.ts';
import { watchPort } from './port-watch.ts';
import { takeLook, watchProbe, type Probing } from './probing.ts';
import { createTimers } from './timers.ts';
import { watchTree } from './tree.ts';
import type { Declared, ReadinessOptions, ReadinessWatch } from './watch-options.ts';
import { watchWork } from './work.ts';
import { serverLook } from './looks.ts';
import { requiredPort } from './own-ports.ts';

/** A verdict that comes later than this has waited while the whole process stood still. Milliseconds. */
const STALL = 1_000;

const UNLOOKED = 'it has not been looked at yet';

/** How long it has to run to be ready by that alone: no two attempts take equally long to fail. Milliseconds. */
const untilProven = ({ failedAfter = 0, ready }: ReadinessOptions): number =>
  ready.timeout === undefined ? Math.min(failedAfter * 2, STEADY) : 0;

/** Nobody is there who could follow. */
const UNFOLLOWED: Followed = { followed: false, why: 'it is not followed' };

export function watchReadiness(options: ReadinessOptions): ReadinessWatch {
  const { clock, onFinding, onLook, onListening } = options;
  const abort = new AbortController();
  const timers = createTimers(clock);
  const { later } = timers;

  let { ready, ports } = options;
  const { usual } = options;
  let begun = clock.now();
  const provenAt = begun + untilProven(options);
  /** Names of ports that listen. */
  const listening = new Set<string>();
  let tree: TreeFacts | undefined;
  let verdict: Verdict = { kind: 'starting' };
  let wasReady = false;
  let lastProblem = UNLOOKED;
  let cancelAgain = (): void => undefined;

  const follows = (): Follow => options.follows?.() ?? 'never';
  const following = createFollowing({
    ports: () => ports,
    follows,
    onFollow: async (name, number) => (await options.onFollow?.(name, number)) ?? UNFOLLOWED,
    onRefused: () => judge(),
    later,
  });
  const isFollowing = ({ isElsewhere = false }: Assessment, elsewhere: ElsewhereFacts | undefined): boolean =>
    following.consider({ has: opened.has, elsewhere: isElsewhere ? elsewhere : undefined });
  const listElsewhere = (): ElsewhereFacts | undefined => {
    const silent = ports
      .filter(({ name, listener }) => listener !== 'external' && !listening.has(name))
      .map(({ name, targetPort }) => ({ name, number: targetPort }));
    const refusal = opened.facts && following.refusalOf(opened.facts.numbers);
    return opened.facts && { ...opened.facts, silent, ...(refusal === undefined ? {} : { refusal }) };
  };

  const judge = (): void => {
    if (abort.signal.aborted) return;
    cancelAgain();
    const patience = ready.timeout === undefined ? (options.patience?.() ?? SILENCE) : undefined;
    const elsewhere = listElsewhere();
    const expected = follows() === 'asked' || elsewhere?.numbers.every((one) => options.mentions?.(one));
    const doubt = expected === true ? EXPECTED : DOUBT;
    const { facts: port } = portWatch;
    const workedAt = work?.workedAt;
    const { asides } = opened;
    const stopped = halts?.stopped;
    const { facts: probe } = probing;
    const facts = {
      begun,
      stopped,
      provenAt,
      probe,
      port,
      tree,
      elsewhere,
      asides,
      doubt,
      patience,
      workedAt,
    };
    const next = assess(facts, clock.now());
    if (isFollowing(next, elsewhere)) return;
    if (isAwaited()) work?.begin();
    if (next.again !== undefined) cancelAgain = laterSeen(next.again, judge);
    if (isSameVerdict(next.verdict, verdict)) return;
    verdict = next.verdict;
    followTree();
    wasReady ||= verdict.kind === 'ready';
    onFinding(verdict);
  };

  /** What was said of the child that is gone says nothing of the one that came after it. */
  const beginAnew = (): void => {
    begun = clock.now();
    portWatch.beginAnew();
    probing.anew();
  };

  const opened = watchElsewhere({
    clock,
    later,
    look: (number) => serverLook(number, requiredPort(ready, ports), abort.signal),
    onChange: () => judge(),
  });

  const treeWatch =
    options.family &&
    watchTree({
      clock,
      family: options.family,
      onTree: (facts, isAnew) => {
        tree = facts;
        if (isAnew) beginAnew();
        judge();
      },
    });
  /** While something listens the child is alive; where nothing has to listen, it may end at any time. */
  const followTree = (): void => {
    if (abort.signal.aborted) return;
    const { facts: port } = portWatch;
    const isNeeded = port !== undefined && port.optional !== true;
    if (isNeeded && port.listens) treeWatch?.rest();
    else treeWatch?.begin(isNeeded || verdict.kind !== 'ready');
  };

  const told = (problem: ProbeResult): void => {
    if (problem !== undefined) lastProblem = problem;
    onLook?.(problem);
  };

  const becomeWell = (): void => {
    const { facts: port } = portWatch;
    // Nobody waits for the port: whoever hears that the service is ready hears at once whether it listens.
    if (port?.optional === true && !port.listens && !wasReady) void portWatch.dialOnce().then(judge);
    else judge();
  };

  const probeBy = (declared: Declared, isWell: boolean): Probing =>
    watchProbe({
      ...declared,
      means: options,
      ports: () => ports,
      isWell,
      told,
      onWell: becomeWell,
      onFailing: () => judge(),
      onAnswered: (number) => portWatch.answered(number),
    });
  let probing = probeBy(options, false);

  const portWatch = watchPort(usual === undefined ? ports : [], {
    clock,
    signal: abort.signal,
    later,
    interval: () => ready.interval,
    isNeeded: (port) => requiredPort(ready, [port]) !== undefined,
    isAsked: () => probing.facts.state === 'open',
    isLong: () => verdict.kind === 'silent',
    look: (look) => takeLook(look, abort.signal, told),
    onLook: told,
    onListening: (name, listens) => {
      if (listens) listening.add(name);
      else listening.delete(name);
      onListening?.(name, listens);
    },
    onChange: () => {
      if (portWatch.facts?.listens === true) tree = undefined;
      followTree();
      judge();
    },
  });

  /** A process that stood still has not looked meanwhile: then one more look comes before the verdict. */
  const laterSeen = (ms: number, decide: () => void): (() => void) => {
    const due = clock.now() + ms;
    return later(ms, () => {
      if (clock.now() - due <= STALL) return decide();
      void probing
        .once()
        .then(portWatch.dialOnce)
        .then(() => void (abort.signal.aborted || decide()));
    });
  };

  /** Whether the question is how long its port stays silent. */
  const isAwaited = (): boolean =>
    (verdict.kind === 'starting' || (verdict.kind === 'silent' && verdict.busy === true)) &&
    portWatch.facts !== undefined &&
    !portWatch.facts.listens &&
    !abort.signal.aborted;
  const work =
    options.family && watchWork({ clock, later, family: options.family, isAsked: () => isAwaited() });

  const halts = options.stopped && watchHalts({ clock, later, stopped: options.stopped, onChange: judge });

  const isLate = (): boolean => verdict.kind === 'starting' && !wasReady;
  let cancelLimit = (): void => undefined;
  const setLimit = (): void => {
    cancelLimit();
    const { timeout: after } = ready;
    const tell = (kind: 'deadline' | 'late', ms: number): void =>
      onFinding({ kind, after: ms, problem: probing.underWay() ?? lastProblem });
    cancelLimit =
      after === undefined
        ? laterSeen(LATE, () => void (isLate() && tell('late', LATE)))
        : laterSeen(after, () => void (wasReady || tell('deadline', after)));
  };
  setLimit();
  probing.begin();
  // Not at once: whoever watches has to have the watch in hand.
  queueMicrotask(judge);
  followTree();
  return {
    see: (sighting) => {
      if (sighting !== undefined) opened.see(sighting.opened);
      portWatch.see(sighting);
      judge();
    },
    judge,
    retarget: (next) => {
      ports = next;
      following.arrived();
      // What it has opened is its own number now.
      opened.see([]);
      listening.clear();
      begun = clock.now();
      portWatch.retarget(usual === undefined ? next : []);
      judge();
    },
    redeclare: (declared) => {
      ({ ready } = declared);
      lastProblem = UNLOOKED;
      probing.end();
      probing = probeBy(declared, verdict.kind === 'ready');
      portWatch.reconsider();
      setLimit();
      probing.begin();
      judge();
    },
    end: () => {
      abort.abort();
      treeWatch?.end();
      probing.end();
      timers.end();
    },
  };
}
