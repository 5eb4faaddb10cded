/** What follows from the end of a process. Pure. */
import type { Cause, Effect, End, Policy, ServiceEvent, ServiceState, Step } from './service.ts';

/** A service that was ready for this long (milliseconds) gets all its attempts again. */
export const STEADY = 10_000;

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

/** Milliseconds before attempt `attempt + 1`: 250, 500, 1000 … 10000. */
export const pauseAfter = (attempt: number): number =>
  Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt - 1, 16));

type Running = Extract<ServiceState, { state: 'warming' | 'ready' | 'unwell' }>;

/** Another attempt after a pause, the end that it was meant to have, or a failure. */
export function afterExit(
  state: Running,
  { end, now }: Extract<ServiceEvent, { type: 'exited' }>,
  policy: Policy,
): Step {
  const endProbe: Effect = { type: 'end-probe' };
  const well = end.exitCode === 0 && end.why === undefined;
  if (state.state === 'warming' && NOT_RUNNABLE.includes(end.exitCode ?? 0)) {
    return [{ state: 'failed', cause: describeEnd(end) }, [endProbe]];
  }
  if (end.isLasting === true) return [{ state: 'failed', cause: describeEnd(end) }, [endProbe]];
  if (policy.restart === 'always' || (policy.restart === 'on-failure' && !well)) {
    const since = state.state === 'warming' ? undefined : state.since;
    const steady = since !== undefined && now - since >= STEADY;
    const attempt = steady ? 1 : state.attempt;
    if (attempt <= policy.max) {
      const pause: Effect = { type: 'retry-after', ms: pauseAfter(attempt) };
      return [{ state: 'backoff', attempt, cause: describeEnd(end) }, [endProbe, pause]];
    }
    const cause = describeEnd(end);
    const tries = `${policy.max} ${policy.max === 1 ? 'restart' : 'restarts'} did not help`;
    const message = policy.max === 0 ? cause.message : `${cause.message}; ${tries}`;
    return [{ state: 'failed', cause: { ...cause, message } }, [endProbe]];
  }
  if (well && policy.mayEnd) return [{ state: 'done', exitCode: 0 }, [endProbe]];
  return [{ state: 'failed', cause: well ? describeEarlyEnd(end) : describeEnd(end) }, [endProbe]];
}

/** What a shell says of a command that it cannot run (Shell Command Language §2.8.2); trying again is no use. */
const NOT_RUNNABLE: readonly number[] = [126, 127];

/** In words, with what to do where the code says it. */
export function describeEnd({ exitCode, signal, why, left }: End): Cause {
  if (why !== undefined) return exitCode === undefined ? why : { ...why, exitCode };
  if (signal !== undefined) return { message: `ended by ${signal}`, signal };
  const hint =
    exitCode === 127
      ? 'a command was not found: is it installed, and spelled right?'
      : exitCode === 0 && left === true
        ? FOREGROUND
        : undefined;
  return {
    message: `exited with code ${exitCode ?? '?'}`,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The cure for a command that goes to the background: what it leaves there is ended with it. */
const FOREGROUND =
  'what it started ran on after it, and was ended: run the service in the foreground: without "&", with "exec" or "wait", or with the option that keeps it from becoming a daemon';

const describeEarlyEnd = (end: End): Cause => ({
  ...describeEnd(end),
  message: 'exited with code 0, but it has a port to serve',
  hint: end.left === true ? `${FOREGROUND}; if it is meant to end, write "kind: task"` : MEANT_TO_END,
});

const MEANT_TO_END =
  'if it is meant to end, write "kind: task"; if it is to come back, "restart: { policy: always }"';
