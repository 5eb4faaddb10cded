/**
 * Watches one instance: gathers the facts that `assess.ts` judges, and tells when the verdict changes. Quick looks until
 * the instance is ready for the first time, relaxed ones after that.
 */
import { messageOf } from '../../lib/errors.ts';
import type { Follow } from '../../plan/plan.ts';
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
  type ProbeFacts,
  type TreeFacts,
  type Verdict,
} from './assess.ts';
import { watchElsewhere } from './elsewhere.ts';
import { createFollowing, type Followed } from './following.ts';
import { ENDED, UNSEEN, watchLiveness } from './liveness.ts';
import { watchPort } from './port-watch.ts';
import { watchTree } from './tree.ts';
import type { ReadinessOptions, ReadinessWatch } from './watch-options.ts';
import { watchWork } from './work.ts';
import { lookFor, matcherOf, serverLook, type Look } from './looks.ts';
import { askedPort, requiredPort } from './own-ports.ts';

/** A verdict that comes later than this has waited while the whole process stood still. Milliseconds. */
const STALL = 1_000;

/** Nobody is there who could follow. */
const UNFOLLOWED: Followed = { followed: false, why: 'it is not followed' };

export function watchReadiness(options: ReadinessOptions): ReadinessWatch {
  const { ready, clock, onFinding, onLook, onListening } = options;
  const abort = new AbortController();
  const cancels = new Set<() => void>();
  const later = (ms: number, task: () => void): (() => void) => {
    // A look that was under way at the end would go on: nobody would cancel what it asks for.
    if (abort.signal.aborted) return () => undefined;
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel);
      task();
    });
    cancels.add(cancel);
    return cancel;
  };

  let { ports } = options;
  const { usual } = options;
  const lookNow = (isAnswered = false): Look | undefined => {
    const look =
      lookFor({ ...options, ports, isAnswered }) ?? (ready.kind === 'default' ? usual?.look : undefined);
    if (usual === undefined || look === undefined) return look;
    return async (signal) => usual.problem() ?? look(signal);
  };
  /** Whether looks find out what the probe says, or the lines of the log. */
  const isPolled = lookNow() !== undefined;
  const isProbed = isPolled || ready.kind === 'log';
  let begun = clock.now();
  /** Whether the probe asks the port, and cannot succeed while that is silent. */
  const onPort = askedPort(ready, ports) !== undefined;
  let probe: ProbeFacts = isProbed ? { state: 'open', onPort } : { state: 'none' };
  /** Names of ports that listen. */
  const listening = new Set<string>();
  let tree: TreeFacts | undefined;
  let verdict: Verdict = { kind: 'starting' };
  let wasReady = false;
  let lastProblem = 'it has not been looked at yet';
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
    const facts = { begun, probe, port, tree, elsewhere, asides, doubt, patience, workedAt };
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
    if (!isProbed || probe.state === 'open') return;
    probe = { state: 'open', onPort };
    void pollUntilWell();
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

  /** A look that could not be taken, for want of a descriptor, says nothing about what it was to look at. */
  const see = async (look: Look | undefined): Promise<ProbeResult | typeof UNSEEN> => {
    try {
      return await look?.(abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) told(`it could not be looked at: ${messageOf(error)}`);
      return UNSEEN;
    }
  };

  const portWatch = watchPort(usual === undefined ? ports : [], {
    clock,
    signal: abort.signal,
    later,
    interval: ready.interval,
    isNeeded: (port) => requiredPort(ready, [port]) !== undefined,
    isAsked: () => probe.state === 'open',
    isLong: () => verdict.kind === 'silent',
    look: see,
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

  const becomeWell = (): void => {
    if (probe.state !== 'well') probe = { state: 'well', since: clock.now() };
    const { facts: port } = portWatch;
    // Nobody waits for the port: whoever hears that the service is ready hears at once whether it listens.
    if (port?.optional === true && !port.listens && !wasReady) void portWatch.dialOnce().then(judge);
    else judge();
  };

  const lookAgain = async (): Promise<ProbeResult | typeof UNSEEN | typeof ENDED> => {
    const problem = await see(lookNow(probe.state === 'well'));
    if (abort.signal.aborted) return ENDED;
    if (problem !== UNSEEN) told(problem);
    return problem;
  };

  const fail = (problem: string): void => {
    probe = { state: 'failing', problem: `does not answer any more: ${problem}` };
    judge();
  };

  let isAlive = false;
  const probeOnce = async (): Promise<void> => {
    if (!isPolled || probe.state !== 'open') return;
    const asked = askedPort(ready, ports)?.targetPort;
    const problem = await see(lookNow());
    if (problem === UNSEEN || abort.signal.aborted || probe.state !== 'open') return;
    told(problem);
    if (problem !== undefined) return;
    if (asked !== undefined) portWatch.answered(asked);
    becomeWell();
    if (isAlive) return;
    isAlive = true;
    const onChange = usual?.onChange;
    const living = { clock, later, look: lookAgain, onWell: becomeWell, onFailing: fail, onChange };
    cancels.add(watchLiveness(living));
  };

  const pollUntilWell = async (): Promise<void> => {
    await probeOnce();
    if (probe.state === 'open' && !abort.signal.aborted) later(ready.interval, () => void pollUntilWell());
  };

  /** A process that stood still has not looked meanwhile: then one more look comes before the verdict. */
  const laterSeen = (ms: number, decide: () => void): (() => void) => {
    const due = clock.now() + ms;
    return later(ms, () => {
      if (clock.now() - due <= STALL) return decide();
      void probeOnce()
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

  const isLate = (): boolean => verdict.kind === 'starting' && !wasReady;
  if (ready.timeout !== undefined) {
    const after = ready.timeout;
    laterSeen(after, () => void (wasReady || onFinding({ kind: 'deadline', after, problem: lastProblem })));
  } else {
    laterSeen(LATE, () => void (isLate() && onFinding({ kind: 'late', after: LATE, problem: lastProblem })));
  }
  if (ready.kind === 'log') {
    told(`no line matched /${ready.pattern}/`);
    const matches = matcherOf(ready.pattern);
    const wellByLine = (): void => {
      told(undefined);
      becomeWell();
    };
    cancels.add(options.onLine((text) => void (probe.state === 'open' && matches(text) && wellByLine())));
  } else void pollUntilWell();
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
    end: () => {
      abort.abort();
      treeWatch?.end();
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
