import { expect, it } from 'vitest';

import { UNSEEN, watchLiveness, type LivenessOptions } from '../../../../src/stack/readiness/liveness.ts';
import { createManualClock } from '../../manual-clock.ts';

/** What is ready; each look takes `took` milliseconds, and finds `problem`. */
function watch() {
  const clock = createManualClock();
  const scene = { problem: undefined as string | typeof UNSEEN | undefined, took: 0 };
  const looks: number[] = [];
  const failures: { readonly at: number; readonly problem: string }[] = [];
  const options: LivenessOptions = {
    clock,
    later: (ms, task) => clock.after(ms, task),
    look: async () => {
      looks.push(clock.now());
      const { problem, took } = scene;
      if (took > 0) await new Promise<void>((resolve) => clock.after(took, resolve));
      return problem;
    },
    onWell: () => undefined,
    onFailing: (problem) => failures.push({ at: clock.now(), problem }),
  };
  const end = watchLiveness(options);
  return { clock, scene, looks, failures, end };
}

it('takes three looks, the second and third a second apart, to call what was ready unwell', async () => {
  const { clock, scene, looks, failures, end } = watch();
  await clock.advance(30_000);
  const before = looks.length;
  scene.problem = 'answered with 500';
  await clock.advance(20_000);
  const [first = 0, second = 0, third = 0, fourth = 0] = looks.slice(before);
  expect([second - first, third - second]).toEqual([1_000, 1_000]);
  expect(failures).toEqual([{ at: third, problem: 'answered with 500' }]);
  // That it is well again is seen as soon.
  expect(fourth - third).toBe(1_000);
  end();
});

it('looks no faster at what is well again, or was well at the second look', async () => {
  const { clock, scene, looks, failures, end } = watch();
  scene.problem = 'answered with 500';
  while (looks.length === 0) await clock.advance(500);
  scene.problem = undefined;
  await clock.advance(1_000);
  expect(looks).toHaveLength(2);
  await clock.advance(4_900);
  expect(looks).toHaveLength(2);
  await clock.advance(60_000);
  expect(looks.length).toBeLessThanOrEqual(2 + 7);
  expect(failures).toEqual([]);
  end();
});

it.each<[string, string | typeof UNSEEN, number]>([
  ['does not answer in time', 'no answer within 3000 ms', 3_000],
  ['cannot be looked at', UNSEEN, 0],
])('gives what %s as long as ever', async (_, problem, took) => {
  const { clock, scene, looks, end } = watch();
  scene.problem = problem;
  scene.took = took;
  await clock.advance(60_000);
  for (const [index, at] of looks.slice(1).entries())
    expect(at - (looks[index] ?? 0)).toBeGreaterThanOrEqual(5_000);
  end();
});
