import { expect, it } from 'vitest';

import { judgeNeeds, type Verdict } from '../../../src/stack/needs.ts';
import { step, type ServiceState } from '../../../src/stack/service.ts';

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
