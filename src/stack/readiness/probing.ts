/**
 * Asks the probe that the contract declares: quick looks until the instance is well, relaxed ones after that. Which
 * probe that is may change while the instance runs: then another of these takes its place.
 */
import type { Readiness } from '../../contract/contract.ts';
import { messageOf } from '../../lib/errors.ts';
import type { ResolvedPort } from '../../plan/plan.ts';
import type { ProbeResult } from '../probe.ts';
import type { ProbeFacts } from './assess.ts';
import { ENDED, UNSEEN, watchLiveness } from './liveness.ts';
import { lookFor, matcherOf, type Look } from './looks.ts';
import { askedPort } from './own-ports.ts';
import { createTimers } from './timers.ts';
import type { ReadinessOptions } from './watch-options.ts';
import { describeWaiting } from './words.ts';

export interface ProbingOptions {
  /** Of the watch: how to look. */
  readonly means: Pick<ReadinessOptions, 'clock' | 'dir' | 'run' | 'onLine' | 'printed' | 'usual'>;
  readonly ready: Readiness;
  /** See `LookOptions`. */
  readonly stamp: string | undefined;
  readonly ports: () => readonly ResolvedPort[];
  /** The instance is ready by what was declared before: this probe is asked only whether it still is. */
  readonly isWell: boolean;
  /** Called after every look, and with what a log has not said so far. */
  readonly told: (problem: ProbeResult) => void;
  readonly onWell: () => void;
  readonly onFailing: () => void;
  /** The number has answered. */
  readonly onAnswered: (number: number) => void;
}

export interface Probing {
  readonly facts: ProbeFacts;
  readonly begin: () => void;
  /** Looks once, as long as it is not known to be well. */
  readonly once: () => Promise<void>;
  /** Begins anew: what was said of a child that is gone says nothing of the one that came after it. */
  readonly anew: () => void;
  /** Says what a look that is under way waits for; undefined where there is none that takes long. */
  readonly underWay: () => string | undefined;
  readonly end: () => void;
}

/** Milliseconds after which a look under way says more than the one before it. */
const LONG = 1_000;

export function watchProbe(options: ProbingOptions): Probing {
  const { means, ready, stamp, ports, isWell, told, onWell, onFailing, onAnswered } = options;
  const { clock, dir, usual, onLine } = means;
  const abort = new AbortController();
  const { later, end } = createTimers(clock);
  const ends = [end];
  let under: { readonly since: number; printed?: string } | undefined;

  const lookNow = (isAnswered = false): Look | undefined => {
    const run: typeof means.run = (command, aside) =>
      means.run(command, {
        ...aside,
        onOutput: (text) => {
          if (under !== undefined) under.printed = text;
        },
      });
    const look =
      lookFor({ clock, ready, stamp, dir, run, ports: ports(), isAnswered }) ??
      (ready.kind === 'default' ? usual?.look : undefined);
    if (usual === undefined || look === undefined) return look;
    return async (signal) => usual.problem() ?? look(signal);
  };
  /** Whether looks find out what the probe says, or the lines of the log. */
  const isPolled = lookNow() !== undefined;
  const isProbed = isPolled || ready.kind === 'log';
  /** The probe may ask the port: then it cannot succeed while that is silent. */
  const open: ProbeFacts = { state: 'open', onPort: askedPort(ready, ports()) !== undefined };
  const well = (): ProbeFacts => ({ state: 'well', since: clock.now() });
  let facts: ProbeFacts = !isProbed ? { state: 'none' } : isWell ? well() : open;

  const becomeWell = (): void => {
    if (facts.state !== 'well') facts = well();
    onWell();
  };
  const fail = (problem: string): void => {
    facts = { state: 'failing', problem: `does not answer any more: ${problem}` };
    onFailing();
  };

  const lookAgain = async (): Promise<ProbeResult | typeof UNSEEN | typeof ENDED> => {
    const problem = await takeLook(lookNow(facts.state === 'well'), abort.signal, told);
    if (abort.signal.aborted) return ENDED;
    if (problem !== UNSEEN) told(problem);
    return problem;
  };

  let isAlive = false;
  const live = (): void => {
    if (isAlive) return;
    isAlive = true;
    const onChange = usual?.onChange;
    ends.push(
      watchLiveness({ clock, later, look: lookAgain, onWell: becomeWell, onFailing: fail, onChange }),
    );
  };

  const once = async (): Promise<void> => {
    if (!isPolled || facts.state !== 'open') return;
    const asked = askedPort(ready, ports())?.targetPort;
    const look = { since: clock.now() };
    under = look;
    const problem = await takeLook(lookNow(), abort.signal, told);
    if (under === look) under = undefined;
    if (problem === UNSEEN || abort.signal.aborted || facts.state !== 'open') return;
    told(problem);
    if (problem !== undefined) return;
    if (asked !== undefined) onAnswered(asked);
    becomeWell();
    live();
  };

  const poll = async (): Promise<void> => {
    await once();
    if (facts.state === 'open' && !abort.signal.aborted) later(ready.interval, () => void poll());
  };

  const followLog = (pattern: string): void => {
    const matches = matcherOf(pattern);
    const hear = (text: string): void => {
      if (facts.state !== 'open' || !matches(text)) return;
      told(undefined);
      becomeWell();
    };
    if (facts.state === 'open') told(`no line matched /${pattern}/`);
    ends.push(onLine(hear));
    // What a mended pattern is meant for may have been printed already.
    for (const text of means.printed?.() ?? []) hear(text);
  };

  return {
    get facts() {
      return facts;
    },
    begin: () => {
      if (ready.kind === 'log') followLog(ready.pattern);
      else if (isPolled && isWell) live();
      else void poll();
    },
    once,
    anew: () => {
      if (!isProbed || facts.state === 'open') return;
      facts = open;
      void poll();
    },
    underWay: () => {
      if (under === undefined || clock.now() - under.since < LONG) return undefined;
      return describeWaiting(ready, clock.now() - under.since, under.printed);
    },
    end: () => {
      abort.abort();
      for (const one of ends) one();
    },
  };
}

/** A look that could not be taken, for want of a descriptor, says nothing about what it was to look at. */
export async function takeLook(
  look: Look | undefined,
  signal: AbortSignal,
  told: (problem: string) => void,
): Promise<ProbeResult | typeof UNSEEN> {
  try {
    return await look?.(signal);
  } catch (error) {
    if (!signal.aborted) told(`it could not be looked at: ${messageOf(error)}`);
    return UNSEEN;
  }
}
