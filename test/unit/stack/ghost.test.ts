import { describe, expect, it } from 'vitest';

import { step, type ServiceState } from '../../../src/stack/service.ts';
import { takeSnapshot } from '../../../src/stack/snapshot.ts';
import { resolutionOf } from '../plan/stack.ts';

const cause = { message: 'port 20200 (http) is shared with node other.js (pid 7)', hint: 'end it: kill 7' };
const event = { type: 'ghost', cause } as const;
const policy = { restart: 'always', max: 5, mayEnd: false } as const;

const RUNNING: ServiceState[] = [
  { state: 'warming', attempt: 1, pid: 5 },
  { state: 'ready', attempt: 1, pid: 5, since: 0 },
  { state: 'unwell', attempt: 1, pid: 5, since: 0, problem: 'refused' },
];
const OTHERS: ServiceState[] = [
  { state: 'idle' },
  { state: 'waiting' },
  { state: 'starting', attempt: 1 },
  { state: 'backoff', attempt: 1, cause },
  { state: 'stopping', then: { kind: 'idle' }, pid: 5 },
  { state: 'failed', cause },
  { state: 'done', exitCode: 0 },
];

describe('a ghost on the port', () => {
  it.each(RUNNING)(
    'stops a service that is $state, and then it has failed, whatever its restart policy',
    (state) => {
      const [stopping, effects] = step(state, event, policy);
      expect(stopping).toEqual({ state: 'stopping', then: { kind: 'failed', cause }, pid: 5 });
      expect(effects).toEqual([{ type: 'end-probe' }, { type: 'terminate' }]);
      const [failed] = step(stopping, { type: 'exited', end: { signal: 'SIGTERM' }, now: 1 }, policy);
      expect(failed).toEqual({ state: 'failed', cause });
    },
  );

  it.each(OTHERS)('is nothing to a service that is $state', (state) => {
    expect(step(state, event, policy)).toEqual([state, []]);
  });

  it('takes its routes to the page that says why at once, while it is still being stopped', () => {
    const { services } = resolutionOf('services:\n  api: { command: run }\n');
    const [state] = step(RUNNING[1]!, event, policy);
    const view = {
      resolved: services.get('api')!,
      state,
      restarts: 0,
      waitingFor: [],
      log: [],
      armed: false,
      targets: [],
      instances: [],
      revision: { asked: 1, serving: 1 },
    };
    const { routes } = takeSnapshot([view]);
    expect(routes.map(({ route }) => route)).toEqual(
      routes.map(() => ({
        state: 'failed',
        failure: { ...cause, exitCode: undefined, signal: undefined, log: [] },
      })),
    );
    expect(routes.length).toBeGreaterThan(0);
  });
});
