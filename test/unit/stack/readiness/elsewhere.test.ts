import { expect, it } from 'vitest';

import { watchElsewhere } from '../../../../src/stack/readiness/elsewhere.ts';
import { createManualClock } from '../../manual-clock.ts';

it('a port that could not be asked, for want of a descriptor, is asked again', async () => {
  const clock = createManualClock();
  const answers = [new Error('connect EMFILE'), new Error('connect EMFILE'), true];
  let changes = 0;
  const opened = watchElsewhere({
    clock,
    later: (ms, task) => void clock.after(ms, task),
    qualifies: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    onChange: () => (changes += 1),
  });
  opened.see([{ number: 5_173, address: '127.0.0.1', pid: 1 }]);
  await clock.advance(1_500);
  expect([answers.length, opened.facts, changes]).toEqual([1, undefined, 0]);
  await clock.advance(1_000);
  expect([opened.facts?.numbers, changes]).toEqual([[5_173], 1]);
});
