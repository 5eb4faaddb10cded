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
  const answers: Listener[] = ['foreign', 'foreign', 'server'];
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
  expect(opened.asides).toEqual([{ number: 24_946, answer: 'no-http', isOthers: false }]);
  expect([opened.facts, changes]).toEqual([undefined, 2]);
  await clock.advance(2_000);
  expect([opened.asides, opened.facts?.numbers]).toEqual([[], [24_946]]);
});

/** What takes each question, and lets it wait until its time is over. */
function watchHanging() {
  const clock = createManualClock();
  const asked: number[] = [];
  const told: unknown[] = [];
  let atOnce = 0;
  const scene = { answer: 'unanswered' as Listener };
  const opened = watchElsewhere({
    clock,
    later: (ms, task) => void clock.after(ms, task),
    look: async () => {
      asked.push(clock.now());
      atOnce += 1;
      expect(atOnce).toBe(1);
      await new Promise<void>((resolve) => clock.after(3_000, resolve));
      atOnce -= 1;
      return scene.answer;
    },
    onChange: () => told.push(opened.asides[0]?.answer),
  });
  const see = (lease?: string): void =>
    opened.see([{ number: 3_000, address: '127.0.0.1', pid: 1, ...(lease === undefined ? {} : { lease }) }]);
  return { clock, asked, told, scene, opened, see };
}

it('what has not answered is asked ever more seldom, and told of as its time becomes another matter', async () => {
  const { clock, asked, told, see } = watchHanging();
  see();
  await clock.advance(10_000);
  expect(told).toEqual([{ seconds: 3 }]);
  await clock.advance(590_000);
  const gaps = asked.map((at, index) => at - (asked[index - 1] ?? 0) - 3_000);
  expect(gaps.slice(1, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(asked.length).toBeLessThan(30);
  expect(told).toEqual([3, 10, 30, 60, 300].map((seconds) => ({ seconds })));
});

it('what answers at last is a server, however long that took', async () => {
  const { clock, scene, opened, see } = watchHanging();
  see();
  await clock.advance(20_000);
  scene.answer = 'server';
  await clock.advance(40_000);
  expect([opened.asides, opened.facts?.numbers]).toEqual([[], [3_000]]);
});

it('what does not answer is asked once at a time, whoever has the number meanwhile', async () => {
  const { clock, asked, opened, see } = watchHanging();
  see();
  await clock.advance(1_000);
  see('web of other');
  see();
  opened.see([]);
  see();
  await clock.advance(2_500);
  // That it was opened anew is news: it is asked as soon as the question before has had its time.
  expect(asked.map((at) => at - (asked[0] ?? 0))).toEqual([0, 3_000]);
});
