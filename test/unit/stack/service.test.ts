/** The life of a replica: its documented table, what the table does not show, and properties of every sequence. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { pauseAfter } from '../../../src/stack/exit.ts';
import { step, type Policy, type ServiceState } from '../../../src/stack/service.ts';
import { EVENTS, POLICIES, STATES } from './examples.ts';

type StateName = keyof typeof STATES;
type EventName = keyof typeof EVENTS;

const [, README = ''] = readFileSync(
  resolve(import.meta.dirname, '../../../src/stack/README.md'),
  'utf8',
).split(/^## /m);

/** `event` → `state` → the text of the cell. */
function readTable(): Map<string, Map<string, string>> {
  const [head = [], , ...rows] = README.split('\n')
    .filter((line) => line.startsWith('| event') || line.startsWith('| `') || line.startsWith('| ---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  const [, ...states] = head;
  return new Map(
    rows.map(([event = '', ...cells]) => [
      event,
      new Map(states.map((state, index) => [state, cells[index] ?? ''])),
    ]),
  );
}

function followers(state: StateName, event: EventName): string[] {
  const found = new Set<string>();
  for (const from of STATES[state]) {
    for (const what of EVENTS[event]) {
      for (const policy of POLICIES) {
        const [next, effects] = step(from, what, policy);
        if (next !== from || effects.length > 0) found.add(next.state);
      }
    }
  }
  return [...found].sort();
}

describe('the documented table', () => {
  const table = readTable();

  it('has a row for every event and a column for every state', () => {
    expect([...table.keys()].sort()).toEqual(Object.keys(EVENTS).sort());
    for (const columns of table.values()) {
      expect([...columns.keys()].sort()).toEqual(Object.keys(STATES).sort());
      expect([...columns.values()].filter((cell) => cell === '')).toEqual([]);
    }
  });

  const pairs = Object.keys(EVENTS).flatMap((event) =>
    Object.keys(STATES).map((state) => [state, event] as [StateName, EventName]),
  );

  it.each(pairs)('says what the code does in %s on %s', (state, event) => {
    const cell = table.get(event)?.get(state) ?? '';
    const documented = cell === '·' || cell === '–' ? [] : cell.split(', ').sort();
    expect(followers(state, event)).toEqual(documented);
  });
});

const policy: Policy = { restart: 'on-failure', max: 2, mayEnd: false };
const failedOnce = { type: 'exited', end: { exitCode: 1 }, now: 5_000 } as const;

describe('what the table does not show', () => {
  it('counts attempts, pauses longer each time, and gives up', () => {
    let state: ServiceState = { state: 'starting', attempt: 1 };
    const pauses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      [state] = step(state, { type: 'spawned', pid: 7 }, policy);
      const [next, effects] = step(state, failedOnce, policy);
      for (const effect of effects) if (effect.type === 'retry-after') pauses.push(effect.ms);
      [state] = step(next, { type: 'retry' }, policy);
      if (next.state === 'failed') break;
    }
    expect(pauses).toEqual([250, 500]);
    expect(state).toMatchObject({
      state: 'failed',
      cause: { message: 'exited with code 1; 2 restarts did not help' },
    });
  });

  it('gives all attempts again to what was ready for a while', () => {
    const ready: ServiceState = { state: 'ready', attempt: 3, pid: 7, since: 60_000 };
    expect(step(ready, { ...failedOnce, now: 70_000 }, policy)[0]).toMatchObject({
      state: 'backoff',
      attempt: 1,
    });
    expect(step(ready, { ...failedOnce, now: 69_999 }, policy)[0].state).toBe('failed');
  });

  it('does not try again what a shell cannot run', () => {
    const warming: ServiceState = { state: 'warming', attempt: 1, pid: 7 };
    const [next] = step(warming, { type: 'exited', end: { exitCode: 127 }, now: 1 }, policy);
    expect(next).toMatchObject({
      state: 'failed',
      cause: { hint: expect.stringMatching(/installed/) as string },
    });
  });

  it('is done where it may end and ended well, and has failed where it did not', () => {
    const warming: ServiceState = { state: 'warming', attempt: 1, pid: 7 };
    const after = (exitCode: number, mayEnd: boolean) =>
      step(warming, { type: 'exited', end: { exitCode }, now: 1 }, { restart: 'no', max: 0, mayEnd })[0];
    expect(after(0, true)).toEqual({ state: 'done', exitCode: 0 });
    expect(after(1, true)).toMatchObject({ state: 'failed', cause: { message: 'exited with code 1' } });
    expect(after(0, false)).toMatchObject({ state: 'failed' });
  });

  it('does not try again what ends in the same way each time, whatever the policy says', () => {
    const warming = { state: 'warming', attempt: 1, pid: 7 } as const;
    const end = { exitCode: 1, isLasting: true, why: { message: 'it wants port 3000', hint: 'stop api' } };
    for (const restart of ['always', 'on-failure'] as const) {
      const [next] = step(warming, { type: 'exited', end, now: 1 }, { restart, max: 5, mayEnd: false });
      expect(next).toMatchObject({ state: 'failed', cause: { ...end.why, exitCode: 1 } });
    }
  });

  it.each(['on-failure', 'always'] as const)(
    'that goes to the background is told to run in the foreground, where it is restarted %s',
    (restart) => {
      const warming = { state: 'warming', attempt: 6, pid: 7 } as const;
      const rules: Policy = { restart, max: 5, mayEnd: false };
      const after = (left?: true) =>
        step(warming, { type: 'exited', end: { exitCode: 0, ...(left && { left }) }, now: 1 }, rules)[0];
      const cured = { hint: expect.stringContaining('in the foreground') as string };
      expect(after(true)).toMatchObject({ state: 'failed', cause: cured });
      expect(after()).not.toMatchObject({ cause: cured });
    },
  );

  it('recovers from a failed need, and from nothing else', () => {
    const failed: ServiceState = { state: 'failed', cause: { message: 'exited with code 1' } };
    expect(step(failed, { type: 'need-recovered' }, policy)[0]).toBe(failed);
  });

  it('terminates what was just being spawned when the stop came', () => {
    const [stopping] = step({ state: 'starting', attempt: 1 }, { type: 'stop' }, policy);
    expect(step(stopping, { type: 'spawned', pid: 7 }, policy)).toEqual([
      { state: 'stopping', then: { kind: 'idle' }, pid: 7 },
      [{ type: 'terminate' }],
    ]);
  });

  it('never pauses for more than ten seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (attempt) => {
        expect(pauseAfter(attempt)).toBeLessThanOrEqual(10_000);
        expect(pauseAfter(attempt)).toBeGreaterThanOrEqual(250);
      }),
    );
  });
});

/**
 * A shell as the machine may expect it: it knows whether a process exists, and sends what can happen then. Runs a
 * list of numbers as choices, checks after every step, and returns the state and the shell.
 */
function run(choices: readonly number[], by: Policy) {
  let state: ServiceState = { state: 'idle' };
  const shell = { spawning: false, process: false, probing: false, timer: false };
  let now = 0;
  const send = (event: Parameters<typeof step>[1]): void => {
    const [next, effects] = step(state, event, by);
    state = next;
    for (const effect of effects) {
      if (effect.type === 'spawn') {
        expect(shell).toMatchObject({ spawning: false, process: false });
        shell.spawning = true;
      }
      if (effect.type === 'probe') {
        expect(shell.probing).toBe(false);
        shell.probing = true;
      }
      if (effect.type === 'end-probe') shell.probing = false;
      if (effect.type === 'terminate') expect(shell.spawning || shell.process).toBe(true);
      if (effect.type === 'retry-after') {
        expect(shell.timer).toBe(false);
        shell.timer = true;
      }
      if (effect.type === 'cancel-retry') shell.timer = false;
    }
  };
  const possible = (): Parameters<typeof step>[1][] => [
    { type: 'start' },
    { type: 'stop' },
    { type: 'restart' },
    ...EVENTS.abandon,
    ...(state.state === 'waiting' ? [...EVENTS['needs-met'], ...EVENTS['need-failed']] : []),
    ...(state.state === 'failed' ? EVENTS['need-recovered'] : []),
    ...(shell.spawning ? [...EVENTS.spawned, ...EVENTS['spawn-failed'], ...EVENTS.skipped] : []),
    ...(shell.process ? EVENTS.exited : []),
    ...(shell.probing
      ? [...EVENTS.ready, ...EVENTS.unwell, ...EVENTS.found, ...EVENTS.deadline, ...EVENTS.ghost]
      : []),
    ...(shell.timer ? EVENTS.retry : []),
  ];
  const table = readTable();
  for (const choice of choices) {
    now += 100;
    const events = possible();
    const event = events[choice % events.length] ?? { type: 'start' };
    if (['spawned', 'spawn-failed', 'skipped'].includes(event.type)) {
      shell.spawning = false;
      shell.process = event.type === 'spawned';
    }
    if (event.type === 'exited') shell.process = false;
    if (event.type === 'retry') shell.timer = false;
    // Findings that a probe does not make in this state: `ready` twice, `unwell` before it.
    const isFinding = ['ready', 'unwell', 'found', 'deadline'].includes(event.type);
    const cell = table.get(event.type)?.get(state.state);
    if (isFinding && cell === '–') continue;
    expect(`${state.state} ${event.type} ${cell}`).not.toMatch(/–$/);
    send(event.type === 'exited' ? { ...event, now } : event);
    const runs = ['warming', 'ready', 'unwell'].includes(state.state);
    expect(shell.probing).toBe(runs);
    expect(shell.timer).toBe((state as ServiceState).state === 'backoff');
    expect(shell.process || shell.spawning).toBe(runs || ['starting', 'stopping'].includes(state.state));
  }
  return { state: () => state, shell, send };
}

describe('any sequence of what can happen', () => {
  const sequences = fc.array(fc.nat(1_000), { maxLength: 60 });
  const policies = fc.constantFrom(...POLICIES);

  it('never has two processes, probes or timers, and never meets what the table rules out', () => {
    fc.assert(
      fc.property(sequences, policies, (choices, by) => void run(choices, by)),
      { numRuns: 500 },
    );
  });

  it('ends with nothing running after a stop, from wherever it comes', () => {
    fc.assert(
      fc.property(sequences, policies, (choices, by) => {
        const { state, shell, send } = run(choices, by);
        send({ type: 'stop' });
        if (shell.spawning) send({ type: 'spawned', pid: 1 });
        if (state().state === 'stopping') send({ type: 'exited', end: { exitCode: 0 }, now: 1 });
        expect(state()).toEqual({ state: 'idle' });
        expect(shell).toMatchObject({ probing: false, timer: false });
      }),
      { numRuns: 500 },
    );
  });
});
