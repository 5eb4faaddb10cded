/**
 * Leases that cannot lie: every listener on a leased port belongs to the instance that the port was leased for. One
 * pass serves the runners of the whole machine. An instance is looked at before its first request is routed, soon
 * after whatever changes, and then at intervals that keep the cost below one percent of a core.
 */
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Claim, Finding, Sighting } from '../ports/findings.ts';
import { isSameKey, type LedgerKey } from '../ports/ledger.ts';
import type { Inspection } from './inspection.ts';
import { instancesOf, keepKnown, type Instance } from './instances.ts';
import { createNews } from './news.ts';
import type { Session } from './sessions.ts';
import { createSightingTeller } from './sighted.ts';

/** The knowledge of an instance; undefined: not looked at since it is ready. */
export type Standing =
  { readonly kind: 'fine' } | { readonly kind: 'condemned'; readonly finding: Finding } | undefined;

export interface Verification {
  /** For the routes: by the marker of an instance. */
  standingOf(marker: string): Standing;
  /**
   * Called after a stack published: looks at what is new. Resolves when its instances that are ready have been looked
   * at, or cannot be.
   */
  settle(key: LedgerKey): Promise<void>;
  close(): void;
}

export interface VerificationOptions {
  readonly inspection: Inspection;
  readonly clock: Clock;
  readonly sessions: () => readonly Session[];
  /** "api of shop". */
  readonly labelOf: (key: LedgerKey, service: string) => string;
  /** Names the other holder of a lease on the number: "web of shop"; undefined where only the service itself has one. */
  readonly leaseOf: (number: number, own: Pick<Instance, 'session' | 'service'>) => string | undefined;
  /** Called after standings changed. */
  readonly onChange: () => void;
  /** Findings that are new, for the runner of the stack. */
  readonly onFindings: (session: Session, findings: readonly Finding[]) => void;
  /** Listeners of the stack's instances, where they are news to its runner. */
  readonly onSightings: (session: Session, sightings: readonly Sighting[]) => void;
  readonly log: (line: string) => void;
}

/** Where nobody looks, everything is believed. */
export const TRUST: Verification = {
  standingOf: () => ({ kind: 'fine' }),
  settle: async () => undefined,
  close: () => undefined,
};

/** Milliseconds between two passes while nothing happens, and while something is about to: then so many at most. */
export const RELAXED = 5_000;
export const EAGER = 400;
const LATEST = 2_000;

/** The share of a core that passes may take: half of what is allowed, the rest is for all that is around them. */
const SHARE = 0.005;

/** Milliseconds: how long a new instance is looked at eagerly. */
const YOUTH = 20_000;

/** Without instances the thread rests after this long (milliseconds). */
const IDLE = 30_000;

/** A publication waits this long for a pass (milliseconds). */
const SETTLE_TIMEOUT = 3_000;

/**
 * How long to wait after a pass that cost this much. Milliseconds, both. Where something is about to happen a pass that
 * costs a lot does not put off the next one for long: a start would be judged by a look that was taken before the service
 * had opened anything.
 */
export const pauseAfter = (cost: number, eager: boolean): number =>
  eager ? Math.min(Math.max(EAGER, cost / SHARE), LATEST) : Math.max(RELAXED, cost / SHARE);

export function createVerification(options: VerificationOptions): Verification {
  const { inspection, clock, sessions, log } = options;
  const standings = new Map<string, NonNullable<Standing>>();
  const births = new Map<string, number>();
  const news = createNews(clock);
  const sighted = createSightingTeller(options.onSightings);
  let running: Promise<void> | undefined;
  let cancelNext = (): void => undefined;
  let closed = false;
  /** The last pass could not look: the next one looks at everything. */
  let missed = false;
  let toldMissed: string | undefined;

  /** Once, not with every pass. */
  const tellMissed = (problem: string): void => {
    if (problem !== toldMissed) log(problem);
    toldMissed = problem;
  };

  const withLeases = (sighting: Sighting, instances: readonly Instance[]): Sighting => {
    const own = instances.find(({ marker }) => marker === sighting.marker);
    if (own === undefined || sighting.opened.length === 0) return sighting;
    const opened = sighting.opened.map((one) => {
      const lease = options.leaseOf(one.number, own);
      return lease === undefined ? one : { ...one, lease };
    });
    return { ...sighting, opened };
  };

  const isUnproved = ({ marker, ready }: Instance): boolean =>
    ready ? !standings.has(marker) : !births.has(marker);

  const isYoung = (): boolean => [...births.values()].some((birth) => clock.now() - birth < YOUTH);

  const pass = async (inTurn: boolean): Promise<void> => {
    const instances = sessions().flatMap((session) => instancesOf(session, options.labelOf));
    keepKnown(instances, standings, births);
    news.keepOnly(instances);
    if (instances.length === 0) {
      cancelNext = clock.after(IDLE, () => inspection.rest());
      return;
    }
    const routine = inTurn && !missed && !isYoung() && !news.hasPending && !instances.some(isUnproved);
    for (const { marker } of instances) births.set(marker, births.get(marker) ?? clock.now());
    const claims = instances.map(({ claim }) => claim);
    const inspected = await inspection.inspect(claims, { routine }).catch((error: unknown) => {
      if (!closed) tellMissed(messageOf(error));
      return undefined;
    });
    // Better to route than to stop everybody's work: nothing was found against anybody.
    const { findings, cost } = inspected ?? { findings: [], cost: 0 };
    if (closed) return;
    missed = inspected === undefined;
    // Before the publication that waits for this pass is answered: whoever is told of it is told all.
    if (inspected !== undefined)
      sighted.tell(
        inspected.sightings.map((sighting) => withLeases(sighting, instances)),
        new Map(instances.map(({ marker, session }) => [marker, session])),
      );
    const isChanged = judge(standings, instances, findings);
    cancelNext = clock.after(pauseAfter(cost, isYoung() || news.hasPending), () => void look(true));
    if (isChanged) options.onChange();
    // What was seen before and not told yet is neither there nor gone as long as nobody could look.
    if (inspected !== undefined) {
      toldMissed = undefined;
      tell(instances, news.take(findings, instances), options.onFindings);
    }
  };

  /** Starts a pass, or joins the one under way. `inTurn`: it was its time, and nothing else asks for it. */
  const look = (inTurn = false): Promise<void> => {
    cancelNext();
    running ??= pass(inTurn).finally(() => {
      running = undefined;
    });
    return running;
  };

  const prove = async (key: LedgerKey): Promise<void> => {
    // A pass under way may have begun before the instance was there.
    for (let passes = 0; passes < 2 && !closed; passes += 1) {
      const own = sessions().filter((session) => isSameKey(session.key, key));
      const open = own.flatMap((session) => instancesOf(session, options.labelOf)).filter(isUnproved);
      if (open.length === 0) return;
      const done = look();
      // Whoever is not ready has no request that waits for it.
      if (open.some(({ ready }) => ready)) await done;
    }
  };

  return {
    standingOf: (marker) => standings.get(marker),
    settle: (key) => withTimeout(prove(key), clock),
    close: () => {
      closed = true;
      cancelNext();
      inspection.rest();
    },
  };
}

/**
 * A condemned instance stays so: what came between may be gone, but nobody knows what it answered. Not where it is
 * looked for on another number by now: what was found was about one that is none of its ports any more.
 */
function judge(
  standings: Map<string, NonNullable<Standing>>,
  instances: readonly Instance[],
  findings: readonly Finding[],
): boolean {
  let isChanged = false;
  for (const { marker, ready, claim } of instances) {
    if (isAboutOthers(standings.get(marker), claim)) {
      standings.delete(marker);
      isChanged = true;
    }
    const before = standings.get(marker);
    const finding = findings.find((one) => one.marker === marker && one.kind !== 'elsewhere');
    if (before?.kind === 'condemned' || (finding === undefined && (before !== undefined || !ready))) continue;
    standings.set(marker, finding === undefined ? { kind: 'fine' } : { kind: 'condemned', finding });
    isChanged = true;
  }
  return isChanged;
}

const isAboutOthers = (standing: Standing, { ports }: Claim): boolean =>
  standing?.kind === 'condemned' && !ports.some(({ number }) => number === standing.finding.number);

function tell(
  instances: readonly Instance[],
  findings: readonly Finding[],
  onFindings: VerificationOptions['onFindings'],
): void {
  const sessions = new Map<Session, Finding[]>();
  for (const finding of findings) {
    const session = instances.find(({ marker }) => marker === finding.marker)?.session;
    if (session !== undefined) sessions.set(session, [...(sessions.get(session) ?? []), finding]);
  }
  for (const [session, own] of sessions) onFindings(session, own);
}

function withTimeout(work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(SETTLE_TIMEOUT, resolve);
    void work.finally(() => {
      cancel();
      resolve();
    });
  });
}
