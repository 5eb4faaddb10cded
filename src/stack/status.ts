/** How a service is in the words of people, from the life of its replicas. Pure; `protocol/status.ts` says what follows. */
import type { Status } from '../protocol/status.ts';
import { quoteEnd } from './readiness/words.ts';
import type { ServiceState } from './service.ts';

/** What the status of a service is read from. */
export interface Standing {
  readonly state: ServiceState;
  readonly external: boolean;
  /** Started by the first request. */
  readonly armed: boolean;
  readonly waitingFor: readonly string[];
  /** The last lines that it printed, where it is not as it should be. */
  readonly log: readonly string[];
}

export interface Told {
  readonly status: Status;
  readonly reason?: string;
  readonly hint?: string;
}

export function tellStatus({ state, external, armed, waitingFor, log }: Standing): Told {
  if (external) return { status: 'external' };
  switch (state.state) {
    case 'idle':
      return { status: armed ? 'sleeping' : 'stopped' };
    case 'waiting':
      return {
        status: 'starting',
        ...(waitingFor.length === 0 ? {} : { reason: `waits for ${waitingFor.join(', ')}` }),
      };
    case 'starting':
      return { status: state.attempt > 1 ? 'restarting' : 'starting' };
    case 'warming': {
      const { found } = state;
      if (found === undefined) return { status: 'starting' };
      const status = found.kind === 'silent' ? 'running' : 'misplaced';
      return { status, reason: found.message, hint: found.hint };
    }
    case 'ready':
      return { status: 'ready' };
    case 'unwell':
      // What it printed last is not why, where the cure is known.
      return state.hint === undefined
        ? { status: 'unwell', reason: withQuote(state.problem, log) }
        : { status: 'unwell', reason: state.problem, hint: state.hint };
    case 'backoff':
      return { status: 'restarting', ...reasonOf(state.cause) };
    case 'stopping':
      return state.then.kind === 'waiting'
        ? { status: 'restarting' }
        : { status: 'stopping', ...(state.then.kind === 'failed' ? reasonOf(state.then.cause) : {}) };
    case 'failed':
      return { status: 'failed', ...reasonOf(state.cause) };
    case 'done':
      return { status: 'done' };
  }
}

function withQuote(problem: string, log: readonly string[]): string {
  const quoted = quoteEnd(log);
  return quoted === undefined ? problem : `${problem}; it printed last: ${quoted}`;
}

const reasonOf = ({ message, hint }: { readonly message: string; readonly hint?: string | undefined }) => ({
  reason: message,
  ...(hint === undefined ? {} : { hint }),
});
