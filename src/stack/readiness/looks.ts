/** Makes the looks that a contract asks for: which port has to answer, and what the probe is. */
import { resolve } from 'node:path';

import type { Readiness } from '../../contract/contract.ts';
import type { Clock } from '../../lib/clock.ts';
import { PortrampError } from '../../lib/errors.ts';
import { compilePattern } from '../../lib/pattern.ts';
import type { ResolvedPort } from '../../plan/plan.ts';
import type { AsideOptions } from '../../runtime/instance.ts';
import { unansweredFor } from '../http-status.ts';
import { answerAt, probeFile, probeHttp, probeTcp, statusAt, REFUSED, type ProbeResult } from '../probe.ts';
import { doorbell } from './doorbell.ts';
import { portNamed } from './own-ports.ts';

export type Look = (signal: AbortSignal) => Promise<ProbeResult>;

/** A way to look at what is no process, and tells by itself when something about it has changed. */
export interface WatchedLook {
  readonly look: Look;
  /** What is wrong with it whatever a probe says; known without a look. */
  readonly problem: () => ProbeResult;
  /** What is seen after such a change counts at once. Returns the function that ends it. */
  readonly onChange: (listener: () => void) => () => void;
}

export interface LookOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly ready: Readiness;
  readonly ports: readonly ResolvedPort[];
  /** Absolute folder that a path is relative to. */
  readonly dir: string;
  /** Runs a command beside the instance; undefined when it ended with code 0. */
  readonly run: (command: string | readonly string[], options: AsideOptions) => Promise<ProbeResult>;
  /** What the file of `ready.file` was before the start; see `stampOf`. */
  readonly stamp: string | undefined;
  /** The last look was answered: the next one knocks without asking the system whether anybody is there. */
  readonly isAnswered?: boolean;
}

/** A whole URL says itself where it leads. */
const ELSEWHERE = { port: 0, scheme: 'http' } as const;

/** Milliseconds. */
const LOOK_TIMEOUT = 3_000;
const EXEC_TIMEOUT = 10_000;

/** The probe that the contract declares; undefined where only the port is to be looked at, or a log line. */
export function lookFor(options: LookOptions): Look | undefined {
  const { ready, ports, dir, run, stamp } = options;
  switch (ready.kind) {
    case 'exec':
      return (signal) => run(ready.command, { timeout: EXEC_TIMEOUT, signal });
    case 'file':
      return () => probeFile(resolve(dir, ready.path), stamp);
    case 'http': {
      const { path } = ready;
      if (/^https?:/.test(path)) return (signal) => probeHttp(ELSEWHERE, path, LOOK_TIMEOUT, signal);
      const { targetPort: port, appProtocol } = portNamed(ports, ready.port);
      const own = { port, scheme: appProtocol === 'https' ? 'https' : 'http' } as const;
      return whereSomebodyListens(port, options, (signal) => probeHttp(own, path, LOOK_TIMEOUT, signal));
    }
    case 'tcp':
      return portLook(portNamed(ports, ready.port), options);
    case 'log':
    case 'default':
      return undefined;
  }
}

type Asked = Pick<LookOptions, 'clock' | 'isAnswered'>;

/** Does the port accept a connection? */
export const portLook = ({ targetPort }: Pick<ResolvedPort, 'targetPort'>, asked: Asked): Look =>
  whereSomebodyListens(targetPort, asked, (signal) => probeTcp(targetPort, LOOK_TIMEOUT, signal));

/** Spares the look where the system knows of nobody who could answer it. */
const whereSomebodyListens =
  (port: number, { clock, isAnswered = false }: Asked, look: Look): Look =>
  async (signal) =>
    isAnswered || doorbell.isWorthTrying(port, clock.now()) ? look(signal) : REFUSED;

/** Sockets of hot reload and debuggers answer a plain GET so: they want another protocol. */
const NO_PAGE: readonly number[] = [400, 426, 501];

/** Asked as a browser asks: a GraphQL server has a page for one, and answers any other GET without a query with 400. */
const BROWSER = 'text/html,application/xhtml+xml,*/*;q=0.8';

/** The page on which debuggers of V8 tell their versions (Chrome DevTools Protocol, HTTP endpoints). */
const INSPECTOR = { path: '/json/version', mark: '"Protocol-Version"' } as const;

async function isInspector(number: number, signal: AbortSignal): Promise<boolean> {
  const answer = await answerAt({ port: number, scheme: 'http' }, INSPECTOR.path, LOOK_TIMEOUT, signal);
  return 'status' in answer && answer.status === 200 && answer.body.includes(INSPECTOR.mark);
}

/**
 * What listens on a number: what the port may be meant for; what speaks HTTP and wants another protocol, as sockets of
 * hot reload do; a debugger; what answers, but not in HTTP; or what has taken the question and not answered so far: a
 * server that is busy, or one whose page never comes.
 */
export type Listener = 'server' | 'socket' | 'debugger' | 'foreign' | 'unanswered';

/**
 * Tells what listens on the number. Who does not speak HTTP is believed to be a server, except where HTTP is what is
 * looked for.
 *
 * @param timeout milliseconds for an answer
 */
export async function serverLook(
  number: number,
  port: ResolvedPort | undefined,
  signal: AbortSignal,
  timeout = LOOK_TIMEOUT,
): Promise<Listener> {
  const isHttp = port?.appProtocol === 'http' || port?.appProtocol === 'https';
  if (!isHttp) return (await isInspector(number, signal)) ? 'debugger' : 'server';
  const scheme = port.appProtocol === 'https' ? 'https' : 'http';
  const answer = await statusAt({ port: number, scheme }, '/', timeout, signal, BROWSER);
  // Whoever has said nothing has not said either that it speaks another protocol.
  if (!('status' in answer))
    return [unansweredFor(timeout), REFUSED].includes(answer.problem) ? 'unanswered' : 'foreign';
  if (await isInspector(number, signal)) return 'debugger';
  return NO_PAGE.includes(answer.status) ? 'socket' : 'server';
}

/** Says of a line of the output whether it matches the pattern of the contract. */
export function matcherOf(text: string): (line: string) => boolean {
  const compiled = compilePattern(text);
  // It was looked at when the contract was.
  if (!compiled.ok) throw new PortrampError('INTERNAL', `/${text}/ cannot be run`);
  return (line) => compiled.pattern.matches(line);
}
