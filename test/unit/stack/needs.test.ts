import { expect, it } from 'vitest';

import { judgeNeeds } from '../../../src/stack/needs.ts';
import type { ServiceState } from '../../../src/stack/service.ts';

const needs = [{ service: 'db', condition: 'ready', optional: false }] as const;
const failed = (cause: Extract<ServiceState, { state: 'failed' }>['cause']): ServiceState => ({
  state: 'failed',
  cause,
});

it('a need that failed for a need of its own says where the cause is told, one that ran does not', () => {
  const chained = failed({
    message: 'needs root, which failed: x',
    hint: 'see "portramp logs root"',
    need: 'root',
  });
  expect(judgeNeeds(needs, () => chained)).toMatchObject({ need: 'db', hint: 'see "portramp logs root"' });
  const ran = judgeNeeds(needs, () =>
    failed({ message: 'exited', hint: 'see "portramp logs db", or raise' }),
  );
  expect(ran).toMatchObject({ need: 'db' });
  expect(ran).not.toHaveProperty('hint');
});
