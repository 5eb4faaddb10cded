/**
 * Watches one instance: quick looks until it is ready for the first time, relaxed ones after that. Tells what
 * it finds; what follows from it is the state machine's business.
 */
import { resolve } from 'node:path';

import type { Readiness } from '../contract/contract.ts';
import type { Clock } from '../lib/clock.ts';
import { PortrampError } from '../lib/errors.ts';
import type { ResolvedPort } from '../plan/plan.ts';
import type { AsideOptions } from '../runtime/instance.ts';
import { probeFile, probeHttp, probeTcp, type ProbeResult } from './probe.ts';

export interface ReadinessOptions {
  readonly ready: Readiness;
  readonly ports: readonly ResolvedPort[];
  readonly clock: Clock;
  /** Absolute folder that a path is relative to. */
  readonly dir: string;
  /** Runs a command beside the instance; undefined when it ended with code 0. */
  readonly run: (command: string | readonly string[], options: AsideOptions) => Promise<ProbeResult>;
  /** What the file of `ready.file` was before the start; see `stampOf`. */
  readonly stamp: string | undefined;
  /** Calls back for every line that the instance prints; returns the function that ends it. */
  readonly onLine: (listener: (text: string) => void) => () => void;
  readonly onFinding: (finding: Finding) => void;
  /** How to look where the contract does not say it, for what is no process; default: a connection. */
  readonly usual?: Look | undefined;
  /** Called after every look; undefined is well. */
  readonly onLook?: (problem: ProbeResult) => void;
}

export type Finding =
  | { readonly kind: 'ready'; readonly hint?: string }
  | { readonly kind: 'unwell'; readonly problem: string }
  /** It is late, and nobody said how late it may be. */
  | { readonly kind: 'late'; readonly after: number; readonly problem: string }
  /** The contract's own timeout is over. */
  | { readonly kind: 'deadline'; readonly after: number; readonly problem: string };

/** Milliseconds. */
const SILENT_PORT = 15_000;
const LATE = 60_000;
const LIVENESS_INTERVAL = 10_000;
const LIVENESS_FAILURES = 3;
const LOOK_TIMEOUT = 3_000;
const EXEC_TIMEOUT = 10_000;
/** A deadline that comes later than this has waited while the whole process stood still. */
const STALL = 1_000;

export type Look = (signal: AbortSignal) => Promise<ProbeResult>;

/** Returns the function that ends the watch. */
export function watchReadiness(options: ReadinessOptions): () => void {
  const { ready, ports, clock, onFinding } = options;
  const abort = new AbortController();
  const cancels = new Set<() => void>();
  const end = (): void => {
    abort.abort();
    for (const cancel of cancels) cancel();
    cancels.clear();
  };
  const later = (ms: number, task: () => void): void => {
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel);
      task();
    });
    cancels.add(cancel);
  };

  let lastProblem = 'it has not been looked at yet';
  let isReady = false;
  const becomeReady = (hint?: string): void => {
    if (isReady || abort.signal.aborted) return;
    isReady = true;
    onFinding(hint === undefined ? { kind: 'ready' } : { kind: 'ready', hint });
  };

  const look = (ready.kind === 'default' ? options.usual : undefined) ?? lookFor(options);
  const isGuess = ready.kind === 'default' && options.usual === undefined;
  const lookOnce = async (): Promise<void> => {
    if (look === undefined || isReady) return;
    const problem = await look(abort.signal);
    if (abort.signal.aborted || isReady) return;
    options.onLook?.(problem);
    if (problem !== undefined) lastProblem = problem;
    else {
      becomeReady();
      if (!isGuess) watchLiveness(look);
    }
  };

  const pollUntilReady = async (): Promise<void> => {
    if (look === undefined) return becomeReady();
    await lookOnce();
    if (!isReady && !abort.signal.aborted) later(ready.interval, () => void pollUntilReady());
  };

  /** A process that stood still has not looked meanwhile: then one more look comes before the verdict. */
  const unlessReadyIn = (ms: number, judge: () => void): void => {
    const due = clock.now() + ms;
    const decide = async (): Promise<void> => {
      if (clock.now() - due > STALL) await lookOnce();
      if (!isReady && !abort.signal.aborted) judge();
    };
    later(ms, () => void decide());
  };

  const deadlines = (): void => {
    if (ready.timeout !== undefined) {
      const after = ready.timeout;
      unlessReadyIn(after, () => onFinding({ kind: 'deadline', after, problem: lastProblem }));
    } else if (isGuess && ports.every((port) => port.implicit)) {
      unlessReadyIn(SILENT_PORT, () => becomeReady(silentHint(ports)));
    } else {
      unlessReadyIn(LATE, () => onFinding({ kind: 'late', after: LATE, problem: lastProblem }));
    }
  };

  const watchLiveness = (again: Look): void => {
    let failures = 0;
    const check = async (): Promise<void> => {
      const problem = await again(abort.signal);
      if (abort.signal.aborted) return;
      options.onLook?.(problem);
      if (problem === undefined) {
        if (failures >= LIVENESS_FAILURES) onFinding({ kind: 'ready' });
        failures = 0;
      } else {
        failures += 1;
        if (failures === LIVENESS_FAILURES) onFinding({ kind: 'unwell', problem });
      }
      later(untilBeat(clock.now()), () => void check());
    };
    later(untilBeat(clock.now()), () => void check());
  };

  deadlines();
  if (ready.kind === 'log') {
    const pattern = new RegExp(ready.pattern);
    lastProblem = `no line matched ${String(pattern)}`;
    options.onLook?.(lastProblem);
    cancels.add(options.onLine((text) => void (pattern.test(text) && becomeReady())));
  } else {
    void pollUntilReady();
  }
  return end;
}

/**
 * Milliseconds until the next look at what is ready. All services are looked at on the same beat: waking up once for
 * twenty of them costs a fraction of waking up twenty times.
 */
export function untilBeat(now: number): number {
  const rest = LIVENESS_INTERVAL - (now % LIVENESS_INTERVAL);
  return rest < LIVENESS_INTERVAL / 2 ? rest + LIVENESS_INTERVAL : rest;
}

/** Undefined where nothing can be looked at: a process without ports is ready once it runs. */
function lookFor({ ready, ports, dir, run, stamp }: ReadinessOptions): Look | undefined {
  if (ready.kind === 'exec') {
    return (signal) => run(ready.command, { timeout: EXEC_TIMEOUT, signal });
  }
  if (ready.kind === 'file') return () => probeFile(resolve(dir, ready.path), stamp);
  const named = ready.kind === 'http' || ready.kind === 'tcp' ? ready.port : undefined;
  const port =
    named === undefined
      ? (ports.find((one) => one.primary) ?? ports[0])
      : ports.find((one) => one.name === named);
  if (ready.kind === 'http') {
    const { path } = ready;
    if (port === undefined && !/^https?:/.test(path)) return noPort();
    const scheme = port?.appProtocol === 'https' ? 'https' : 'http';
    const own = { port: port?.targetPort ?? 0, scheme } as const;
    return (signal) => probeHttp(own, path, LOOK_TIMEOUT, signal);
  }
  if (port === undefined) return ready.kind === 'tcp' ? noPort() : undefined;
  return (signal) => probeTcp(port.targetPort, LOOK_TIMEOUT, signal);
}

function noPort(): never {
  throw new PortrampError('INTERNAL', 'a readiness probe names a port that the service does not have');
}

const silentHint = (ports: readonly ResolvedPort[]): string =>
  `nothing listens on ${ports.map((port) => `port ${port.targetPort}`).join(', ')}: ` +
  'if it has no port, write "ports: false"; if it ignores PORT, give it the port in its command';
