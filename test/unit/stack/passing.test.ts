/** An edit that the machine refused, as on a full disk, is tried again; one that the contract refused is not. */
import { expect, it } from 'vitest';

import { PortrampError } from '../../../src/lib/errors.ts';
import { createPersistence } from '../../../src/stack/passing.ts';
import { describeRefusal } from '../../../src/stack/refusal.ts';
import { createManualClock } from '../manual-clock.ts';

const FULL = new PortrampError('STATE_FOLDER', 'cannot write ledger.json: ENOSPC', {
  hint: 'make room on the disk; nothing that was granted before is lost',
});

function scene(...ends: (Error | undefined)[]) {
  const clock = createManualClock();
  const refused: unknown[] = [];
  let attempts = 0;
  const persistence = createPersistence({
    clock,
    apply: async () => {
      attempts += 1;
      const error = ends.shift();
      if (error !== undefined) throw error;
    },
    again: (attempt) => void attempt(),
    onRefused: (error) => void refused.push(error),
  });
  return { clock, refused, persistence, attempts: () => attempts };
}

it('until there is room, and told once', async () => {
  const { clock, refused, persistence, attempts } = scene(FULL, FULL);
  await persistence.attempt();
  await clock.advance(4_000);
  expect([attempts(), refused]).toEqual([1, [FULL]]);
  await clock.advance(60_000);
  expect([attempts(), refused, clock.waiting]).toEqual([3, [FULL], 0]);
});

it('not where the contract is wrong, nor after the end, and an edit meanwhile takes its place', async () => {
  const wrong = new PortrampError('USAGE', 'no such service');
  const once = scene(wrong);
  await once.persistence.attempt();
  expect([once.refused, once.clock.waiting]).toEqual([[wrong], 0]);
  const edited = scene(FULL);
  await edited.persistence.attempt();
  await edited.persistence.attempt();
  expect(edited.clock.waiting).toBe(0);
  const closed = scene(FULL);
  await closed.persistence.attempt();
  closed.persistence.close();
  expect(closed.clock.waiting).toBe(0);
});

it('is told with what to do, and that it is tried again', () => {
  expect(describeRefusal(FULL, '/shop')).toEqual([
    'edit not applied: cannot write ledger.json: ENOSPC; make room on the disk; nothing that was granted before is lost; it is tried again every 5 s',
  ]);
});
