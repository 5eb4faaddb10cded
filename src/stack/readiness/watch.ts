/**
 * Watches one instance: gathers the facts that `assess.ts` judges, and tells when the verdict changes. Quick looks until
 * the instance is ready for the first time, relaxed ones after that.
 */
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { ResolvedPort } from '../../plan/plan.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { ProbeResult } from '../probe.ts';
import {
  assess,
  isSameVerdict,
  DOUBT,
  EXPECTED,
  LATE,
  SILENCE,
  type PortFacts,
  type ProbeFacts,
  type TreeFacts,
  type Verdict,
} from './assess.ts';
import { ENDED, UNSEEN, watchLiveness } from './liveness.ts';
import { watchTree, type TreeOptions } from './tree.ts';

import { watchElsewhere } from './elsewhere.ts';
import {
  lookFor,
  matcherOf,
  portLook,
  requiredPort,
  serverLook,
  type Look,
  type LookOptions,
  type WatchedLook,
} from './looks.ts';

export interface ReadinessOptions extends LookOptions {
  readonly clock: Clock;
  /** Calls back for every line that the instance prints; returns the function that ends it. */
  readonly onLine: (listener: (text: string) => void) => () => void;
  readonly onFinding: (finding: Finding) => void;
  /** How to look where the contract does not say it, for what is no process; default: a connection. */
  readonly usual?: WatchedLook | undefined;
  /** Called after every look; undefined is well. */
  readonly onLook?: (problem: ProbeResult) => void;
  /** Every process of the instance; without it nobody looks for a watcher. */
  readonly family?: TreeOptions['family'] | undefined;
  /** Whether the contract says, now, to go along with another number that the instance opens. */
  readonly follows?: () => boolean;
  /** Whether the instance has printed the number. */
  readonly mentions?: (number: number) => boolean;
  /** The instance is a server on this number, and the contract says to go along. */
  readonly onFollow?: (port: string, number: number) => void;
  /** Called when a port of the instance has begun or ceased to listen. */
  readonly onListening?: (port: string, listens: boolean) => void;
}

export type Finding =
  | Verdict
  /** It is late, and nobody said how late it may be. */
  | { readonly kind: 'late'; readonly after: number; readonly problem: string }
  /** The contract's own timeout is over. */
  | { readonly kind: 'deadline'; readonly after: number; readonly problem: string };

export interface ReadinessWatch {
  /** The daemon has looked at the listeners of the instance. */
  readonly see: (sighting: Sighting) => void;
  /** The instance is looked for on other numbers from now on; what its probe said still holds. */
  readonly retarget: (ports: readonly ResolvedPort[]) => void;
  /** The contract may say something else now. */
  readonly judge: () => void;
  readonly end: () => void;
}

/** Milliseconds between two looks at a port that has been silent for long, or that only this process saw listening. */
const RELAXED = 2_000;

/** A verdict that comes later than this has waited while the whole process stood still. Milliseconds. */
const STALL = 1_000;

export function watchReadiness(options: ReadinessOptions): ReadinessWatch {
  const { ready, clock, onFinding, onLook, onListening } = options;
  const abort = new AbortController();
  const cancels = new Set<() => void>();
  const later = (ms: number, task: () => void): (() => void) => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel);
      task();
    });
    cancels.add(cancel);
    return cancel;
  };

  let { ports } = options;
  const { usual } = options;
  const lookNow = (): Look | undefined => {
    const look = lookFor({ ...options, ports }) ?? (ready.kind === 'default' ? usual?.look : undefined);
    if (usual === undefined || look === undefined) return look;
    return async (signal) => usual.problem() ?? look(signal);
  };
  const expectPort = (): PortFacts | undefined =>
    usual === undefined ? portFacts(requiredPort(ready, ports), clock.now()) : undefined;
  /** Whether looks find out what the probe says, or the lines of the log. */
  const isPolled = lookNow() !== undefined;
  const isProbed = isPolled || ready.kind === 'log';
  let begun = clock.now();
  let probe: ProbeFacts = isProbed ? { state: 'open' } : { state: 'none' };
  let port = expectPort();
  let tree: TreeFacts | undefined;
  let verdict: Verdict = { kind: 'starting' };
  let wasReady = false;
  let lastProblem = 'it has not been looked at yet';
  let cancelAgain = (): void => undefined;

  /** True where the instance is looked for on the number that it opened. */
  let followed: number | undefined;
  const goAlong = ({ port: own, elsewhere }: Extract<Verdict, { kind: 'misplaced' }>): boolean => {
    const [number, ...others] = elsewhere.numbers;
    if (number === undefined || others.length > 0 || options.follows?.() !== true) return false;
    if (followed !== number) options.onFollow?.(own.name, number);
    followed = number;
    return true;
  };

  const judge = (): void => {
    if (abort.signal.aborted) return;
    cancelAgain();
    const patience = ready.timeout === undefined ? SILENCE : undefined;
    const { facts: elsewhere } = opened;
    const expected =
      options.follows?.() === true || elsewhere?.numbers.every((one) => options.mentions?.(one));
    const doubt = expected === true ? EXPECTED : DOUBT;
    const next = assess({ begun, probe, port, tree, elsewhere, doubt, patience }, clock.now());
    if (next.verdict.kind === 'misplaced' && goAlong(next.verdict)) return;
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
    if (port !== undefined && !port.listens) port = { ...port, listened: false };
    if (!isProbed || probe.state === 'open') return;
    probe = { state: 'open' };
    void pollUntilWell();
  };

  const opened = watchElsewhere({
    clock,
    later,
    qualifies: (number) => serverLook(number, requiredPort(ready, ports), abort.signal),
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
    if (port?.listens === true) treeWatch?.rest();
    else treeWatch?.begin(port !== undefined || verdict.kind !== 'ready');
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

  const setListening = (name: string, listens: boolean): void => {
    onListening?.(name, listens);
    if (port?.name !== name || port.listens === listens) return;
    port = { ...port, listens, since: clock.now(), listened: port.listened || listens };
    isWitnessed &&= listens;
    if (listens) tree = undefined;
    else void dial();
    followTree();
  };

  /**
   * Whether the daemon has seen the port listen, and so will see when it does so no more. It tells changes only: what
   * came and went between two of its looks it never told.
   */
  let isWitnessed = false;
  const isSettled = ({ name, listens }: PortFacts): boolean =>
    listens && (isWitnessed || ports.some((own) => own.name === name && own.listener === 'external'));

  const dialOnce = async (): Promise<void> => {
    if (port === undefined || isSettled(port) || (probe.state === 'open' && !port.listens)) return;
    const { name, number } = port;
    const problem = await see(portLook({ targetPort: number }, clock));
    if (problem === UNSEEN || abort.signal.aborted || number !== port.number || isSettled(port)) return;
    told(problem);
    const listens = problem === undefined;
    if (port.listens !== listens) setListening(name, listens);
    judge();
  };

  /** Dials the port until it answers and the daemon has seen that, too. */
  let dialling = false;
  const dial = async (): Promise<void> => {
    if (dialling || port === undefined) return;
    dialling = true;
    while (!abort.signal.aborted && !isSettled(port)) {
      await dialOnce();
      const pause = port.listens || verdict.kind === 'silent' ? RELAXED : ready.interval;
      if (!isSettled(port)) await new Promise<void>((resolve) => later(pause, resolve));
    }
    dialling = false;
  };

  const becomeWell = (): void => {
    if (probe.state !== 'well') probe = { state: 'well', since: clock.now() };
    judge();
  };

  const lookAgain = async (): Promise<ProbeResult | typeof UNSEEN | typeof ENDED> => {
    const problem = await see(lookNow());
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
    const problem = await see(lookNow());
    if (problem === UNSEEN || abort.signal.aborted || probe.state !== 'open') return;
    told(problem);
    if (problem !== undefined) return;
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
        .then(dialOnce)
        .then(() => void (abort.signal.aborted || decide()));
    });
  };

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
    cancels.add(options.onLine((text) => void (probe.state === 'open' && matches(text) && becomeWell())));
  } else void pollUntilWell();
  void dial();
  // Not at once: whoever watches has to have the watch in hand.
  queueMicrotask(judge);
  followTree();
  return {
    see: ({ listening, opened: numbers }) => {
      // Who listens on an external port may be anybody: the daemon does not look.
      const own = ports.filter(({ listener }) => listener !== 'external');
      isWitnessed ||= port !== undefined && listening.includes(port.name);
      for (const { name } of own) setListening(name, listening.includes(name));
      opened.see(numbers);
      judge();
    },
    judge,
    retarget: (next) => {
      ports = next;
      followed = undefined;
      // What it has opened is its own number now.
      opened.see([]);
      begun = clock.now();
      port = expectPort();
      isWitnessed = false;
      void dial();
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

const portFacts = (port: ResolvedPort | undefined, since: number): PortFacts | undefined =>
  port && {
    name: port.name,
    number: port.targetPort,
    implicit: port.implicit,
    listens: false,
    since,
    listened: false,
  };
