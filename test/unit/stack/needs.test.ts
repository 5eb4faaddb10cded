import { expect, it } from 'vitest';

import { tellFailedNeeds } from '../../../src/stack/failed-need.ts';
import { judgeNeeds, type ProviderState, type Verdict } from '../../../src/stack/needs.ts';
import { step, type ServiceState } from '../../../src/stack/service.ts';
import { STATES } from './examples.ts';

const asNeed = (verdict: Verdict): Extract<Verdict, { kind: 'failed' }> => {
  if (verdict.kind !== 'failed') throw new Error(`it is ${verdict.kind}`);
  return verdict;
};

const needs = [{ service: 'db', condition: 'ready', optional: false }] as const;
const failed = (cause: Extract<ServiceState, { state: 'failed' }>['cause']): ServiceState => ({
  state: 'failed',
  cause,
});

it('a need that failed says what cures it, whoever is the root of it', () => {
  const chained = failed({
    message: 'needs root, which failed: x',
    hint: 'see "portramp logs root"',
    need: 'root',
  });
  expect(judgeNeeds(needs, () => chained)).toMatchObject({ need: 'db', hint: 'see "portramp logs root"' });
  const ran = judgeNeeds(needs, () =>
    failed({ message: 'port 1 is held by node x.js (pid 7)', hint: 'end it: kill 7' }),
  );
  expect(ran).toMatchObject({ need: 'db', hint: 'end it: kill 7' });
  const policy = { restart: 'no', max: 0, mayEnd: false } as const;
  const [dependent] = step({ state: 'waiting' }, { type: 'need-failed', ...asNeed(ran) }, policy);
  expect(dependent).toMatchObject({ cause: { hint: 'end it: kill 7', need: 'db' } });
});

it('a need of which nothing but its end is known leads to its log', () => {
  const verdict = judgeNeeds(needs, () => failed({ message: 'exited with code 7' }));
  expect(verdict).not.toHaveProperty('hint');
  const policy = { restart: 'no', max: 0, mayEnd: false } as const;
  const [dependent] = step({ state: 'waiting' }, { type: 'need-failed', ...asNeed(verdict) }, policy);
  expect(dependent).toMatchObject({ cause: { hint: 'see "portramp logs db"' } });
});

it('a need is met by its provider, waited for, or passed where nobody knows when it comes', () => {
  const [plain] = STATES.warming;
  const passable = STATES.warming.find(({ found }) => found?.passable === true);
  const [wasReady, neverReady] = [STATES.unwell[0], STATES.unwell.find(({ since }) => since === undefined)];
  const kindsOf = (provider: ProviderState | undefined): string =>
    (['started', 'ready', 'completed'] as const)
      .map((condition) => {
        const verdict = judgeNeeds([{ service: 'db', condition, optional: false }], () => provider);
        return verdict.kind === 'met' && verdict.passed.length > 0 ? 'passed' : verdict.kind;
      })
      .join();
  expect(kindsOf(undefined)).toBe('met,met,met');
  expect(kindsOf({ state: 'external' })).toBe('met,met,met');
  expect(kindsOf({ state: 'armed' })).toBe('met,met,pending');
  expect(kindsOf(STATES.idle[0])).toBe('pending,pending,pending');
  expect(kindsOf(plain)).toBe('met,pending,pending');
  expect(kindsOf(passable)).toBe('met,passed,pending');
  expect(kindsOf(STATES.ready[0])).toBe('met,met,pending');
  expect(kindsOf(wasReady)).toBe('met,met,pending');
  expect(kindsOf(neverReady)).toBe('met,pending,pending');
  expect(kindsOf(STATES.done[0])).toBe('met,met,met');
  expect(kindsOf(STATES.failed[0])).toBe('failed,failed,failed');
});

it('needs are judged together: one that failed decides, each that is waited for is named once', () => {
  const states: Record<string, ProviderState | undefined> = {
    idle: STATES.idle[0],
    ready: STATES.ready[0],
    failed: STATES.failed[0],
  };
  const judge = (...names: readonly string[]): Verdict =>
    judgeNeeds(
      names.map((name) => ({
        service: name.replace('?', ''),
        condition: 'ready' as const,
        optional: name.endsWith('?'),
      })),
      (name) => states[name],
    );
  expect(judge()).toEqual({ kind: 'met', passed: [] });
  expect(judge('ready', 'idle', 'idle')).toEqual({ kind: 'pending', waitingFor: ['idle'] });
  expect(judge('idle', 'failed')).toMatchObject({ kind: 'failed', need: 'failed' });
  expect(judge('failed?', 'idle?', 'ready')).toEqual({ kind: 'met', passed: [] });
});

it('a service that runs is told of each need that failed once, and that it is back', () => {
  const told: string[] = [];
  const teller = tellFailedNeeds((text) => told.push(text));
  const fail = (need: string): void => teller.see({ kind: 'failed', need, message: 'x' });
  const met = (): void => teller.see({ kind: 'met', passed: [] });
  met();
  fail('db');
  fail('db');
  teller.see({ kind: 'pending', waitingFor: ['db'] });
  met();
  met();
  fail('db');
  fail('mq');
  teller.reset();
  met();
  expect(told).toEqual([
    'db, which it needs, failed: x; it runs on',
    'db, which it needs, is back',
    'db, which it needs, failed: x; it runs on',
    'mq, which it needs, failed: x; it runs on',
  ]);
});
