import { expect, it } from 'vitest';

import { createSlices } from '../../../src/stack/slices.ts';

/** A clock that goes on while work is done; what is to come later comes when the test says. */
function createScene(cost: number) {
  let now = 0;
  let turns: (() => void)[] = [];
  const left = new Set(Array.from({ length: 100 }, (_, index) => index));
  const done: number[] = [];
  const clock = {
    now: () => now,
    after: (_ms: number, task: () => void) => {
      turns.push(task);
      return () => undefined;
    },
  };
  const go = (): void =>
    slices.work([...left], (item) => {
      now += cost;
      left.delete(item);
      done.push(item);
      return true;
    });
  const slices = createSlices(clock, go);
  const turn = (): void => {
    const due = turns;
    turns = [];
    for (const task of due) task();
  };
  return { done, go, turn, waiting: () => turns.length };
}

it('work that takes long lets the event loop turn, and is done in order, once', () => {
  const scene = createScene(5);
  scene.go();
  expect(scene.done).toHaveLength(5);
  // Whoever begins it again meanwhile does not keep the loop from turning.
  scene.go();
  expect(scene.done).toHaveLength(5);
  expect(scene.waiting()).toBe(1);
  for (let turns = 0; turns < 19; turns += 1) scene.turn();
  expect(scene.done).toEqual(Array.from({ length: 100 }, (_, index) => index));
  scene.turn();
  expect(scene.waiting()).toBe(0);
});

it('what has to wait keeps nothing that comes after it from its turn', () => {
  const clock = { now: () => (now += 5), after: () => () => undefined };
  let now = 0;
  const seen: number[] = [];
  createSlices(clock, () => undefined).work([...Array(100).keys()], (item) => {
    seen.push(item);
    return item === 99;
  });
  expect(seen).toHaveLength(100);
});

it('work that does not is done at once', () => {
  const scene = createScene(0.1);
  scene.go();
  expect([scene.done.length, scene.waiting()]).toEqual([100, 0]);
});
