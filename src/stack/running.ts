/** The steps of a replica whose process runs: a part of `service.ts`. Pure. */
import { afterExit } from './exit.ts';
import { stay, type Of, type Policy, type ServiceEvent, type Step, type Then } from './service.ts';

type Running = Of<'warming'> | Of<'ready'> | Of<'unwell'>;

export function stepRunning(state: Running, event: ServiceEvent, policy: Policy): Step {
  switch (event.type) {
    case 'ready':
      return state.state === 'ready' ? stay(state) : becomeReady(state, event.now);
    case 'unwell':
      return becomeUnwell(state, event);
    case 'found':
      return [{ state: 'warming', attempt: state.attempt, pid: state.pid, found: event.found }, []];
    case 'deadline':
      return state.state === 'warming'
        ? terminate(state, { kind: 'failed', cause: event.cause })
        : stay(state);
    case 'ghost':
    case 'abandon':
      return terminate(state, { kind: 'failed', cause: event.cause });
    case 'stop':
      return terminate(state, { kind: 'idle' });
    case 'restart':
      return terminate(state, { kind: 'waiting' });
    case 'exited':
      return afterExit(state, event, policy);
    default:
      return stay(state);
  }
}

function becomeUnwell(state: Running, { problem, hint }: Extract<ServiceEvent, { type: 'unwell' }>): Step {
  if (state.state === 'unwell' && state.problem === problem) return stay(state);
  const { attempt, pid } = state;
  const since = state.state === 'warming' ? undefined : state.since;
  return [{ state: 'unwell', attempt, pid, since, problem, ...(hint === undefined ? {} : { hint }) }, []];
}

function becomeReady(state: Of<'warming'> | Of<'unwell'>, now: number): Step {
  const since = (state.state === 'unwell' ? state.since : undefined) ?? now;
  return [{ state: 'ready', attempt: state.attempt, pid: state.pid, since }, []];
}

const terminate = ({ pid }: Running, then: Then): Step => [
  { state: 'stopping', then, pid },
  [{ type: 'end-probe' }, { type: 'terminate' }],
];
