/** What a verdict about a service says to a person, and what to write. Pure. */
import { stripVTControlCharacters } from 'node:util';

import type { Readiness } from '../../contract/contract.ts';
import type { ResolvedPort, ResolvedService } from '../../plan/plan.ts';
import { cureFor, lineFor } from '../findings.ts';
import { withoutClosing } from '../logs/closing.ts';
import type { Cause, Found } from '../service.ts';
import type { Aside, PortFacts, Verdict } from './assess.ts';

const NO_PORT =
  'if it has no port, write "ports: false"; if it ignores PORT, give it the port in its command';

/**
 * What the verdict is for the life of the replica: undefined for one that is on its way.
 *
 * @param took milliseconds after which its port listened the last time; undefined where that is not known
 */
export function foundBy(
  verdict: Exclude<Verdict, { kind: 'ready' | 'unwell' }>,
  service: ResolvedService,
  took?: number,
): Found | undefined {
  if (verdict.kind === 'starting') return undefined;
  if (verdict.kind === 'misplaced') return describeMisplaced(verdict, service);
  const { port, passable, busy = false, asides = [] } = verdict;
  const message = `nothing listens on ${nameOf(port)}`;
  const logs = `see "portramp logs ${service.name}"`;
  if (port.away !== undefined) {
    const where = `${message} of 127.0.0.1; it listens on ${port.away} alone, where the front does not go`;
    return {
      kind: 'silent',
      passable,
      message: where,
      hint: 'have it listen on 127.0.0.1, or on every address',
    };
  }
  // What computes may be a compiler, and what listened the last time has a port.
  if (busy) return { kind: 'silent', passable, message: `${message} yet, and it still computes`, hint: logs };
  if (asides.length > 0)
    return { kind: 'silent', passable, ...describeAsides(message, port, asides, service) };
  if (took === undefined) return { kind: 'silent', passable, message, hint: NO_PORT };
  const before = `${message}; the last time something did after ${describeTook(took)}`;
  return { kind: 'silent', passable, message: before, hint: logs };
}

/** Names the numbers on which it listens, although nothing is there so far that requests could be sent to. */
function describeAsides(
  silent: string,
  port: PortFacts,
  asides: readonly Aside[],
  service: ResolvedService,
): { message: string; hint: string } {
  const places = new Map<string, number[]>();
  for (const { number, answer } of asides)
    places.set(describeAnswer(answer), [...(places.get(describeAnswer(answer)) ?? []), number]);
  const [first = '', ...rest] = [...places].map(
    ([what, numbers], at) => `${numbers.join(' and ')}${at === 0 ? ' in its place' : ''}, where ${what}`,
  );
  const message = `${silent}; it listens on ${[first, ...rest].join(', and on ')}`;
  const [only, ...others] = asides;
  const known = service.ports.find(({ name }) => name === port.name);
  if (only === undefined || others.length > 0 || only.isOthers || known === undefined)
    return { message, hint: NO_PORT };
  const line = `static: ${only.number}${only.answer === 'no-http' ? ', appProtocol: tcp' : ''}`;
  return { message, hint: `if that is its port, ${lineFor(service, known, line)}; ${NO_PORT}` };
}

/** Says what became of `GET /`. A server that has not answered has not said its protocol either. */
function describeAnswer(answer: Aside['answer']): string {
  if (answer === 'no-page') return 'no page is answered';
  if (answer === 'no-http') return 'no HTTP is answered';
  const { seconds } = answer;
  return `GET / has had no answer ${seconds === 0 ? 'so far' : `for over ${seconds} s`}`;
}

const describeTook = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;

type Misplaced = Extract<Verdict, { kind: 'misplaced' }>;

function describeMisplaced({ port, elsewhere }: Misplaced, service: ResolvedService): Found {
  const { numbers, leases, shared = false, silent = [], refusal } = elsewhere;
  const whose =
    leases.length > 0
      ? `, which is leased to ${leases.join(' and ')}`
      : shared
        ? ', where somebody else listens too'
        : '';
  const known = service.ports.find(({ name }) => name === port.name);
  const why = refusal === undefined ? '' : `; ${refusal}`;
  const isOthers = leases.length > 0 || shared;
  return {
    kind: 'misplaced',
    message: `it listens on ${numbers.join(' and ')}${whose}, ${notOn(port, silent)}${why}`,
    hint:
      known === undefined ? 'give it the port that PORT says' : cureFor(service, known, numbers, isOthers),
    passable: false,
  };
}

/** "not on 20031 (its port http)", or all of them where several are silent. */
const notOn = (port: PortFacts, silent: readonly Pick<PortFacts, 'name' | 'number'>[]): string =>
  silent.length < 2
    ? `not on ${port.number} (its port ${port.name})`
    : `neither on ${silent.map(({ number, name }) => `${number} (its port ${name})`).join(' nor on ')}`;

/** Says of a port on which ready does not depend that nothing listens there, although the service is ready. */
export const describeUnasked = ({
  name,
  targetPort: number,
}: ResolvedPort): { message: string; hint: string } => ({
  message: `its probe has succeeded, but nothing listens on ${nameOf({ name, number })}`,
  hint: NO_PORT,
});

/**
 * Says what a look waits for that has had no answer.
 *
 * @param ms for how long
 * @param printed what the probe's command has printed
 */
export function describeWaiting(ready: Readiness, ms: number, printed = ''): string {
  const long = `for ${Math.floor(ms / 1_000)} s`;
  if (ready.kind === 'http') return `no answer to GET ${ready.path} ${long}`;
  if (ready.kind !== 'exec') return `no answer ${long}`;
  const last = quoteEnd(printed.split('\n'));
  return `its command has been running ${long}${last === undefined ? '' : `; it printed: ${last}`}`;
}

/** Says that the contract's own timeout is over. */
export const describeDeadline = (
  { after, problem }: { readonly after: number; readonly problem: string },
  service: string,
): Cause => ({
  message: `not ready after ${after / 1000} s: ${problem}`,
  hint: `see "portramp logs ${service}", or raise ready.timeout`,
});

/** Tells whether one of the lines has the number, not as a part of a longer one. */
export function namesNumber(lines: readonly string[], number: number): boolean {
  const named = new RegExp(`(?<!\\d)${number}(?!\\d)`);
  return lines.some((line) => named.test(line));
}

const nameOf = ({ number, name }: Pick<PortFacts, 'number' | 'name'>): string => `port ${number} (${name})`;

/** Match the message of an error, as most languages print it; a property such as `isAxiosError` is none. */
const ERROR_CLASS = /^\[?(?:\w+(?:\.|::))*(?:[A-Z]\w*)?(?:Error|Exception)\b/;
const ERROR_WORD = /^(?:\[?(?:error|exception)\b|panic:|fatal\b|thread '.*' panicked)/i;

const isError = (line: string): boolean => ERROR_CLASS.test(line) || ERROR_WORD.test(line);

const LONGEST_QUOTE = 200;

/** Lines that are looked at, without frames of the stack and closing lines: what stands before them may be of another crash. */
const QUOTED = 8;

/** Picks the line of a log that says best why a program ended: quoted only, nothing is decided by it. */
export function quoteEnd(log: readonly string[]): string | undefined {
  const lines = withoutClosing(log)
    .map((line) => stripVTControlCharacters(line).trim())
    .filter((line) => line !== '' && !line.startsWith('at '))
    .slice(-QUOTED);
  const line = lines.findLast(isError) ?? lines.at(-1);
  return line !== undefined && line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)} …` : line;
}
