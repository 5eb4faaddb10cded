import { expect, it } from 'vitest';

import { watchElsewhere } from '../../../../src/stack/readiness/elsewhere.ts';
import type { Listener } from '../../../../src/stack/readiness/looks.ts';
import { createManualClock } from '../../manual-clock.ts';

it('a port that could not be asked, for want of a descriptor, is asked again', async () => {
  const clock = createManualClock();
  const answers: (Error | Listener)[] = [new Error('connect EMFILE'), new Error('connect EMFILE'), 'server'];
  let changes = 0;
  const opened = watchElsewhere({
    clock,
    later: (ms, task) => void clock.after(ms, task),
    look: async () => {
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
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

it('what answers no HTTP is named, asked again, and is a server as soon as it is one', async () => {
  const clock = createManualClock();
  const answers: Listener[] = ['mute', 'mute', 'server'];
  let changes = 0;
  const opened = watchElsewhere({
    clock,
    later: (ms, task) => void clock.after(ms, task),
    look: async (number) => (number === 9_229 ? 'debugger' : (answers.shift() ?? 'server')),
    onChange: () => (changes += 1),
  });
  opened.see([
    { number: 24_946, address: '127.0.0.1', pid: 1 },
    { number: 9_229, address: '127.0.0.1', pid: 1 },
  ]);
  await clock.advance(1_500);
  expect(opened.asides).toEqual([{ number: 24_946, speaksHttp: false, isOthers: false }]);
  expect([opened.facts, changes]).toEqual([undefined, 2]);
  await clock.advance(1_000);
  expect([opened.asides, opened.facts?.numbers]).toEqual([[], [24_946]]);
});
