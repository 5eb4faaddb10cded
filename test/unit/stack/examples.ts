/** One of every state and event of a replica's life, in all the shapes that make a difference. */
import type { Cause, Found, Policy, ServiceEvent, ServiceState } from '../../../src/stack/service.ts';

const silent: Found = { kind: 'silent', message: 'nothing listens', hint: 'ports: false', passable: true };

const cause: Cause = { message: 'exited with code 1', exitCode: 1 };

export const STATES: {
  readonly [S in ServiceState['state']]: readonly Extract<ServiceState, { state: S }>[];
} = {
  idle: [{ state: 'idle' }],
  waiting: [{ state: 'waiting' }],
  starting: [1, 2].map((attempt) => ({ state: 'starting', attempt })),
  warming: [
    ...[1, 2, 9].map((attempt) => ({ state: 'warming' as const, attempt, pid: 42 })),
    { state: 'warming', attempt: 1, pid: 42, found: silent },
  ],
  ready: [1, 9].map((attempt) => ({ state: 'ready', attempt, pid: 42, since: 0 })),
  unwell: [
    ...[1, 9].map((attempt) => ({ state: 'unwell' as const, attempt, pid: 42, since: 0, problem: 'silent' })),
    { state: 'unwell', attempt: 1, pid: 42, problem: 'crashed' },
  ],
  backoff: [{ state: 'backoff', attempt: 1, cause }],
  stopping: [
    { state: 'stopping', then: { kind: 'idle' } },
    { state: 'stopping', then: { kind: 'waiting' }, pid: 42 },
    { state: 'stopping', then: { kind: 'failed', cause }, pid: 42 },
  ],
  failed: [
    { state: 'failed', cause },
    { state: 'failed', cause: { message: 'needs db', need: 'db' } },
  ],
  done: [{ state: 'done', exitCode: 0 }],
};

export const EVENTS: { readonly [E in ServiceEvent['type']]: readonly Extract<ServiceEvent, { type: E }>[] } =
  {
    start: [{ type: 'start' }],
    stop: [{ type: 'stop' }],
    restart: [{ type: 'restart' }],
    'needs-met': [{ type: 'needs-met' }],
    'need-failed': [{ type: 'need-failed', need: 'db', message: 'exited with code 1' }],
    'need-recovered': [{ type: 'need-recovered' }],
    spawned: [{ type: 'spawned', pid: 42 }],
    'spawn-failed': [{ type: 'spawn-failed', cause }],
    skipped: [{ type: 'skipped' }],
    ready: [{ type: 'ready', now: 1 }],
    unwell: [{ type: 'unwell', problem: 'silent' }],
    found: [{ type: 'found' }, { type: 'found', found: silent }],
    ghost: [{ type: 'ghost', cause }],
    deadline: [{ type: 'deadline', cause }],
    abandon: [{ type: 'abandon', cause }],
    exited: [
      { type: 'exited', end: { exitCode: 0 }, now: 1 },
      { type: 'exited', end: { exitCode: 1 }, now: 1 },
      { type: 'exited', end: { exitCode: 127 }, now: 1 },
      { type: 'exited', end: { signal: 'SIGKILL' }, now: 60_000 },
    ],
    retry: [{ type: 'retry' }],
  };

export const POLICIES: readonly Policy[] = (['no', 'on-failure', 'always'] as const).flatMap((restart) =>
  [true, false].map((mayEnd) => ({ restart, max: 5, mayEnd })),
);
