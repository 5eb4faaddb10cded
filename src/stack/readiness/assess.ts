/**
 * Decides what a process that runs is worth: ready, still on its way, silent, elsewhere, or unwell. Pure: the facts and
 * the time go in, one verdict comes out, and when the next one may differ. Nothing else in portramp decides this;
 * `ls`, `wait`, `dev -d`, `why`, the pages and the needs of consumers read what follows from it.
 *
 *     a signal has stopped it ──▶ unwell
 *     the watcher is alone ──▶ unwell        the port was there and is gone ──▶ unwell        liveness ──▶ unwell
 *                                                                      └─ listens elsewhere ──▶ misplaced
 *     probe (or none) says yes ── and the port answers, or none has to ──▶ ready   (no sooner than the attempt before failed)
 *                              └─ and the port is silent: listens elsewhere ──▶ misplaced
 *                                                         nowhere, for long ──▶ silent
 *     else ──▶ starting
 */

/** What the contract's own probe says; `none` where there is none, or nothing but the port to look at. */
export type ProbeFacts =
  | { readonly state: 'none' }
  /** `onPort`: it asks the port, and cannot be content while that is silent. */
  | { readonly state: 'open'; readonly onPort?: boolean }
  | { readonly state: 'well'; readonly since: number }
  /** It was well, and has failed several times in a row. */
  | { readonly state: 'failing'; readonly problem: string };

/** The port that has to answer before the service is ready. */
export interface PortFacts {
  readonly name: string;
  readonly number: number;
  /** The contract does not mention it. */
  readonly implicit: boolean;
  /** Whether something of the service's own listens there, and since when. */
  readonly listens: boolean;
  readonly since: number;
  /** Whether it has listened since the process, or its watcher's child, began. */
  readonly listened: boolean;
  /** The addresses that its own listens on, where no connection to this machine itself arrives there. */
  readonly away?: string | undefined;
  /** Ready does not depend on it: a probe says enough, and the contract does not mention the port. */
  readonly optional?: boolean;
}

/** A program that starts the service anew when a file changes. */
export interface TreeFacts {
  readonly watcher: string;
  /** Since when it runs nothing. */
  readonly aloneSince: number | undefined;
  /** It makes something of the sources before it starts anything. */
  readonly isSlow: boolean;
  readonly hadChild: boolean;
}

/** Other numbers that the instance has opened, and on which a server answers. */
export interface ElsewhereFacts {
  readonly numbers: readonly number[];
  /** Since when the last of them is open. */
  readonly since: number;
  /** Whom they are leased to, where it is somebody else. */
  readonly leases: readonly string[];
  /** Set where another process listens on one of them too, on another address. */
  readonly shared?: boolean;
  /** Its ports on which nothing of its own listens, where there are several. */
  readonly silent?: readonly Pick<PortFacts, 'name' | 'number'>[];
  /** The reason for which it was not followed, although it is one number that nobody else has. */
  readonly refusal?: string;
}

/** A number that the instance has opened, and on which no page is answered so far. */
export interface Aside {
  readonly number: number;
  /** A socket of hot reload has no page; what has not answered for more than so many seconds may have one. */
  readonly answer: 'no-page' | 'no-http' | { readonly seconds: number };
  /** Somebody else has a lease on it, or listens there too. */
  readonly isOthers: boolean;
}

export interface Facts {
  /** When the process, or the child of its watcher, began. */
  readonly begun: number;
  readonly probe: ProbeFacts;
  /** Undefined where there is none to look at. */
  readonly port: PortFacts | undefined;
  /** One of its processes that a signal has stopped. */
  readonly stopped?: number | undefined;
  /** When it has run for longer than the attempt before it, which failed: until then its being there says nothing. */
  readonly provenAt?: number | undefined;
  /** Undefined where no watcher is known. */
  readonly tree?: TreeFacts | undefined;
  readonly elsewhere?: ElsewhereFacts | undefined;
  readonly asides?: readonly Aside[];
  /** Milliseconds that it may listen elsewhere before that is believed: a debugger, or hot reload, may come first. */
  readonly doubt?: number;
  /** When it was seen computing last: what computes is on its way, for as long as consumers wait at most. */
  readonly workedAt?: number | undefined;
  /** Milliseconds of silence that are ordinary for this service; undefined: the contract says when it is late. */
  readonly patience: number | undefined;
}

export type Verdict =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' }
  /** Nothing of its own listens. `passable`: its consumers need not wait any longer. `busy`: it computes all the same. */
  | {
      readonly kind: 'silent';
      readonly port: PortFacts;
      readonly passable: boolean;
      readonly busy?: boolean;
      readonly asides?: readonly Aside[];
    }
  /** Its own listens, but elsewhere. */
  | { readonly kind: 'misplaced'; readonly port: PortFacts; readonly elsewhere: ElsewhereFacts }
  | { readonly kind: 'unwell'; readonly problem: string; readonly hint?: string };

export interface Assessment {
  readonly verdict: Verdict;
  /** Milliseconds until the verdict may be another one although no fact changes. */
  readonly again?: number;
  /** Its port is silent, and it has listened elsewhere for long enough for that to be believed. */
  readonly isElsewhere?: boolean;
}

/** Milliseconds of silence after which a service is called running. */
export const SILENCE = 15_000;

/** Milliseconds that consumers wait for a port that the contract promises. */
export const LATE = 60_000;

/** Milliseconds after which what was seen computing is taken to rest: somewhat more than between two looks. */
export const REST = 5_000;

/** Milliseconds that a port may be gone: a server that starts anew within its process needs a moment. */
export const GONE = 2_000;

/** Milliseconds that a watcher may be alone: between two children it is. */
export const ALONE = 1_000;

/** Milliseconds until a watcher that nobody saw with a child is alone: it loads first, on a machine that is busy. */
export const FIRST = 5_000;

export function assess(facts: Facts, now: number): Assessment {
  if (facts.stopped !== undefined) return { verdict: describeStopped(facts.stopped) };
  const left = untilElsewhere(facts, now);
  const isElsewhere = left <= 0;
  const needed = facts.port?.optional === true ? { ...facts, port: undefined } : facts;
  const { verdict, again = Infinity } = assessNeeded(needed, isElsewhere, now);
  const next = Math.min(again, isElsewhere ? Infinity : left);
  return { verdict, ...(next === Infinity ? {} : { again: next }), ...(isElsewhere ? { isElsewhere } : {}) };
}

/** Its port may accept connections all the same, and its probe have had an answer a moment ago. */
const describeStopped = (pid: number): Verdict => ({
  kind: 'unwell',
  problem: `its process ${pid} is stopped by a signal (SIGSTOP)`,
  hint: `kill -CONT ${pid}`,
});

/** Milliseconds until it is believed that the service listens elsewhere. */
function untilElsewhere({ port, elsewhere, doubt = DOUBT }: Facts, now: number): number {
  if (port === undefined || port.listens || elsewhere === undefined) return Infinity;
  return elsewhere.since + doubt - now;
}

function assessNeeded(facts: Facts, isElsewhere: boolean, now: number): Assessment {
  const alone = assessTree(facts, now);
  if (alone === 'alone') return { verdict: { kind: 'unwell', problem: describeAlone(facts.tree) } };
  const { verdict, again = Infinity } = assessRest(facts, isElsewhere, now);
  const next = Math.min(again, alone);
  return next === Infinity ? { verdict } : { verdict, again: next };
}

/** Milliseconds until the watcher has been alone for too long. */
function assessTree({ tree, port, workedAt = -Infinity }: Facts, now: number): number | 'alone' {
  if (tree?.aloneSince === undefined || port?.listens === true) return Infinity;
  const limit = tree.hadChild ? ALONE : tree.isSlow ? SILENCE : FIRST;
  const left = tree.aloneSince + limit - now;
  // On a busy machine its own start takes long, and what makes something of large sources takes its time anywhere.
  const making = !tree.hadChild ? Math.min(workedAt + REST, tree.aloneSince + LATE) - now : 0;
  const longer = Math.max(left, making);
  return longer > 0 ? longer : 'alone';
}

const describeAlone = (tree: TreeFacts | undefined): string =>
  tree?.hadChild === false
    ? `${tree.watcher} runs nothing, and waits for a file to change`
    : `what ${tree?.watcher ?? 'it'} runs has ended, and it waits for a file to change`;

function assessRest(facts: Facts, isElsewhere: boolean, now: number): Assessment {
  const { probe, port } = facts;
  if (probe.state === 'failing') return { verdict: { kind: 'unwell', problem: probe.problem } };
  const { elsewhere } = facts;
  if (port?.listened === true && !port.listens)
    return assessGone(port, isElsewhere ? elsewhere : undefined, now);
  const isAsked = probe.state !== 'open' || probe.onPort === true;
  if (isElsewhere && isAsked && port !== undefined && elsewhere !== undefined)
    return { verdict: { kind: 'misplaced', port, elsewhere } };
  if (probe.state === 'open') return STARTING;
  if (port === undefined) return probe.state === 'none' ? assessPresence(facts, now) : READY;
  if (port.listens) return READY;
  return assessSilence(facts, port, now);
}

/** Milliseconds that a service may listen elsewhere, and no more where its contract or its log expects that. */
export const DOUBT = 5_000;
export const EXPECTED = 1_000;

const STARTING: Assessment = { verdict: { kind: 'starting' } };
const READY: Assessment = { verdict: { kind: 'ready' } };

/** Nothing has to answer: it is ready by running, once that is more than it did before it failed. */
function assessPresence({ provenAt = -Infinity }: Facts, now: number): Assessment {
  return provenAt > now ? { ...STARTING, again: provenAt - now } : READY;
}

/** For a moment the service is as ready as it was: requests are held, not refused. */
function assessGone(port: PortFacts, elsewhere: ElsewhereFacts | undefined, now: number): Assessment {
  const left = port.since + GONE - now;
  if (left > 0) return { verdict: { kind: 'ready' }, again: left };
  if (elsewhere !== undefined) return { verdict: { kind: 'misplaced', port, elsewhere } };
  return {
    verdict: { kind: 'unwell', problem: `nothing listens on port ${port.number} (${port.name}) any more` },
  };
}

function assessSilence(facts: Facts, port: PortFacts, now: number): Assessment {
  const { begun, probe, patience, workedAt = -Infinity, asides = [] } = facts;
  if (patience === undefined) return STARTING;
  const from = probe.state === 'well' ? Math.max(begun, probe.since) : begun;
  const silent = now - from;
  if (silent < patience) return { ...STARTING, again: patience - silent };
  const rests = workedAt + REST - now;
  const busy = rests > 0;
  if (busy && silent < LATE) return { ...STARTING, again: Math.min(rests, LATE - silent) };
  // What the contract promises may be slow; what it does not mention may never come.
  const limit = port.implicit ? patience : Math.max(patience, LATE);
  const passable = silent >= limit;
  const aside = asides.length === 0 ? {} : { asides };
  const verdict: Verdict = { kind: 'silent', port, passable, ...(busy ? { busy } : {}), ...aside };
  const again = Math.min(passable ? Infinity : limit - silent, busy ? rests : Infinity);
  return again === Infinity ? { verdict } : { verdict, again };
}

/** Tells whether a person would read the same. */
export const isSameVerdict = (left: Verdict, right: Verdict): boolean => {
  if (left.kind === 'silent' && right.kind === 'silent')
    return (
      left.passable === right.passable &&
      left.port.away === right.port.away &&
      left.busy === right.busy &&
      asideText(left.asides) === asideText(right.asides)
    );
  if (left.kind === 'misplaced' && right.kind === 'misplaced')
    return textOf(left.elsewhere) === textOf(right.elsewhere);
  if (left.kind === 'unwell' && right.kind === 'unwell') return left.problem === right.problem;
  return left.kind === right.kind;
};

const asideText = (asides: readonly Aside[] = []): string =>
  asides.map(({ number, answer, isOthers }) => [number, JSON.stringify(answer), isOthers].join(' ')).join();

const textOf = ({ numbers, refusal = '' }: ElsewhereFacts): string => [...numbers, refusal].join();
