/**
 * The life of one replica of a service, as a pure function: `step(state, event, policy)` is the next state and what
 * the shell around it has to do. No timers, no processes: those belong to `replica.ts`. The whole table, with what is
 * ignored and what cannot happen, is in README.md beside this file and is tested against this code.
 *
 *            start            needs met           spawned              ready
 *     idle ─────────▶ waiting ─────────▶ starting ────────▶ warming ─────────▶ ready ◀──▶ unwell ──▶ warming
 *      ▲               ▲    │ need failed   │ spawn failed    │ │ exit          │ exit      │ exit
 *      │               │    ▼               ▼                 │ └──────────┬────┴───────────┘
 *      │ gone          │   failed ◀───── attempts spent ──────┤            ▼
 *   stopping ──────────┘     ▲                                │         backoff ──timer──▶ starting
 *      ▲       restart       └──── deadline, ghost, abandon ──┘
 *      └── stop, restart: from every state with a process          done: it ended, and was meant to
 */
import type { Failure } from '../protocol/messages.ts';
import { stepRunning } from './running.ts';

/** Why a service is not up; the last lines of its log are added where it is shown. */
export type Cause = Omit<Failure, 'log'> & {
  /** The provider that failed, if that is why. */
  readonly need?: string;
};

/** What a process is found to do that runs and is not ready. */
export interface Found {
  /** `silent`: nothing of its own listens. `misplaced`: its own listens, but where nobody looks for it. */
  readonly kind: 'silent' | 'misplaced';
  readonly message: string;
  /** What to write or type. */
  readonly hint: string;
  /** Its consumers need not wait any longer: nobody knows whether it will ever listen. */
  readonly passable: boolean;
}

/** What comes after the process is gone. */
export type Then =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly cause: Cause };

export type ServiceState =
  | { readonly state: 'idle' }
  | { readonly state: 'waiting' }
  /** `attempt` counts from 1 and starts again after the service was ready for a while. */
  | { readonly state: 'starting'; readonly attempt: number }
  /** `found`: what it does in place of getting ready, as far as that is known. */
  | {
      readonly state: 'warming';
      readonly attempt: number;
      readonly pid: number;
      readonly found?: Found | undefined;
    }
  | { readonly state: 'ready'; readonly attempt: number; readonly pid: number; readonly since: number }
  | {
      readonly state: 'unwell';
      readonly attempt: number;
      readonly pid: number;
      /** When it became ready; absent when it never was. */
      readonly since?: number | undefined;
      readonly problem: string;
      /** What to type; absent where its log may tell. */
      readonly hint?: string | undefined;
    }
  | { readonly state: 'backoff'; readonly attempt: number; readonly cause: Cause }
  | { readonly state: 'stopping'; readonly then: Then; readonly pid?: number }
  | { readonly state: 'failed'; readonly cause: Cause }
  | { readonly state: 'done'; readonly exitCode: number };

export type ServiceEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** Stop, wait until it is gone, start again: asked for, or because the contract changed. */
  | { readonly type: 'restart' }
  | { readonly type: 'needs-met' }
  | {
      readonly type: 'need-failed';
      readonly need: string;
      readonly message: string;
      /** See `Verdict`. */
      readonly hint?: string | undefined;
    }
  /** The need of a `failed{need}` is not failed any more. */
  | { readonly type: 'need-recovered' }
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly cause: Cause }
  /** A task that has nothing to do: its inputs are those of its last success. */
  | { readonly type: 'skipped' }
  | { readonly type: 'ready'; readonly now: number }
  | { readonly type: 'unwell'; readonly problem: string; readonly hint?: string | undefined }
  /** It runs and is not ready: silent, misplaced, or (without `found`) just on its way, anew. */
  | { readonly type: 'found'; readonly found?: Found | undefined }
  /** The contract's own `ready.timeout` is over. */
  | { readonly type: 'deadline'; readonly cause: Cause }
  /** Somebody else listens on its port: whoever asks for the service would get a stranger. */
  | { readonly type: 'ghost'; readonly cause: Cause }
  /** Its successor never got ready, and the contract says that nothing old stays then. */
  | { readonly type: 'abandon'; readonly cause: Cause }
  /** The process and all that belonged to it are gone. */
  | { readonly type: 'exited'; readonly end: End; readonly now: number }
  /** The pause of `backoff` is over. */
  | { readonly type: 'retry' };

export interface End {
  readonly exitCode?: number;
  readonly signal?: string;
  /** Why it ended, where the code does not tell. */
  readonly why?: Cause;
  /** Another attempt would end in the same way. */
  readonly isLasting?: boolean;
  /** What it had started ran on without it. */
  readonly left?: true;
}

export type Effect =
  | { readonly type: 'spawn' }
  /** Find out when the process is ready, and later whether it still is. */
  | { readonly type: 'probe' }
  | { readonly type: 'end-probe' }
  /** Stop the process, or the one that is just being spawned. */
  | { readonly type: 'terminate' }
  | { readonly type: 'retry-after'; readonly ms: number }
  | { readonly type: 'cancel-retry' };

/** What the contract says about ends. */
export interface Policy {
  readonly restart: 'no' | 'on-failure' | 'always';
  /** Attempts in a row. */
  readonly max: number;
  /** Whether an end with code 0 is what it is for: a task, or a process that nobody dials. */
  readonly mayEnd: boolean;
}

export type Step = readonly [ServiceState, readonly Effect[]];

/** Events that a state does not answer leave it as it is: the very same object, and no effects. */
export function step(state: ServiceState, event: ServiceEvent, policy: Policy): Step {
  switch (state.state) {
    case 'idle':
      return event.type === 'start' || event.type === 'restart' ? WAIT : stay(state);
    case 'waiting':
      return stepWaiting(state, event);
    case 'starting':
      return stepStarting(state, event);
    case 'warming':
    case 'ready':
    case 'unwell':
      return stepRunning(state, event, policy);
    case 'backoff':
      return stepBackoff(state, event);
    case 'stopping':
      return stepStopping(state, event);
    case 'failed':
      return stepFailed(state, event);
    case 'done':
      return stepDone(state, event);
  }
}

export type Of<S extends ServiceState['state']> = Extract<ServiceState, { state: S }>;

const WAIT: Step = [{ state: 'waiting' }, []];
const IDLE: Step = [{ state: 'idle' }, []];
export const stay = (state: ServiceState): Step => [state, []];

function stepWaiting(state: Of<'waiting'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'needs-met':
      return [{ state: 'starting', attempt: 1 }, [{ type: 'spawn' }]];
    case 'need-failed':
      return [{ state: 'failed', cause: describeNeed(event) }, []];
    case 'stop':
      return IDLE;
    case 'abandon':
      return [{ state: 'failed', cause: event.cause }, []];
    default:
      return stay(state);
  }
}

const describeNeed = ({ need, message, hint }: Extract<ServiceEvent, { type: 'need-failed' }>): Cause => ({
  message: `needs ${need}, which failed: ${message}`,
  hint: hint ?? `see "portramp logs ${need}"`,
  need,
});

function stepStarting(state: Of<'starting'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'spawned':
      return [{ state: 'warming', attempt: state.attempt, pid: event.pid }, [{ type: 'probe' }]];
    case 'spawn-failed':
      return [{ state: 'failed', cause: event.cause }, []];
    case 'skipped':
      return [{ state: 'done', exitCode: 0 }, []];
    case 'stop':
      return [{ state: 'stopping', then: { kind: 'idle' } }, [{ type: 'terminate' }]];
    case 'restart':
      return [{ state: 'stopping', then: { kind: 'waiting' } }, [{ type: 'terminate' }]];
    case 'abandon':
      return [{ state: 'stopping', then: { kind: 'failed', cause: event.cause } }, [{ type: 'terminate' }]];
    default:
      return stay(state);
  }
}

function stepBackoff(state: Of<'backoff'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'retry':
      return [{ state: 'starting', attempt: state.attempt + 1 }, [{ type: 'spawn' }]];
    case 'stop':
      return [{ state: 'idle' }, [{ type: 'cancel-retry' }]];
    case 'start':
    case 'restart':
      return [{ state: 'waiting' }, [{ type: 'cancel-retry' }]];
    case 'need-failed':
      // Another attempt would be in vain, and the last one would be spent when the need is back.
      return [{ state: 'failed', cause: describeNeed(event) }, [{ type: 'cancel-retry' }]];
    case 'abandon':
      return [{ state: 'failed', cause: event.cause }, [{ type: 'cancel-retry' }]];
    default:
      return stay(state);
  }
}

function stepStopping(state: Of<'stopping'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'spawned':
      // It was being spawned when the stop came.
      return [{ ...state, pid: event.pid }, [{ type: 'terminate' }]];
    case 'spawn-failed':
    case 'skipped':
    case 'exited':
      return afterStop(state.then);
    case 'start':
    case 'restart':
      return [{ ...state, then: { kind: 'waiting' } }, []];
    case 'stop':
      return [{ ...state, then: { kind: 'idle' } }, []];
    default:
      return stay(state);
  }
}

function afterStop(then: Then): Step {
  switch (then.kind) {
    case 'idle':
      return IDLE;
    case 'waiting':
      return WAIT;
    case 'failed':
      return [{ state: 'failed', cause: then.cause }, []];
  }
}

function stepFailed(state: Of<'failed'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return WAIT;
    case 'need-recovered':
      return state.cause.need === undefined ? stay(state) : WAIT;
    case 'stop':
      return IDLE;
    default:
      return stay(state);
  }
}

function stepDone(state: Of<'done'>, event: ServiceEvent): Step {
  switch (event.type) {
    case 'start':
    case 'restart':
      return WAIT;
    case 'stop':
      return IDLE;
    default:
      return stay(state);
  }
}

/** Whether a process may exist in this state. */
export const isRunning = ({ state }: ServiceState): boolean =>
  state === 'starting' ||
  state === 'warming' ||
  state === 'ready' ||
  state === 'unwell' ||
  state === 'stopping';

/** Whether it ended or never began, or waits for another attempt. */
export const isOver = ({ state }: ServiceState): boolean =>
  ['idle', 'failed', 'done', 'backoff'].includes(state);

/** Whether nothing changes by itself any more, as far as anybody knows. */
export const isAtRest = (life: ServiceState): boolean =>
  ['idle', 'ready', 'unwell', 'failed', 'done'].includes(life.state) ||
  (life.state === 'warming' && life.found !== undefined);
