/**
 * The engine between clients and services that do what comes to their minds, with a clock that is late, repeats itself
 * and goes back: every request is answered once or its connection is closed, nothing of one gets into another, and in
 * the end nothing is left.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ANSWER_KINDS, Model, REQUEST_KINDS, type Step } from './model.ts';

const at = fc.nat({ max: 3 });
const bytes = fc.constantFrom(1, 7, 40, 100, 170, 10_000, 100_000);
const requestKind = fc.constantFrom(...REQUEST_KINDS);
const answerKind = fc.constantFrom(...ANSWER_KINDS);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('request' as const), at, kind: requestKind }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ask' as const), at, kind: requestKind }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('send' as const), at, bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('finish', 'abort', 'block'), at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unblock' as const), at }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const), at, kind: answerKind, bytes }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('more' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('leave', 'break', 'babble', 'deafen', 'listen'), at }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('decide', 'refuse') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('advance', 'advance', 'stall', 'back'),
      ms: fc.constantFrom(1, 100, 300, 1_100, 2_100, 4_500, 12_000, 33_000, 60_000),
    }),
  },
);

/** Timers that are late, now and then by very much. */
const lateness = fc.constantFrom<readonly number[]>([0], [0, 3, 0, 200], [1_000, 0, 0, 40_000]);

it('holds whatever is done to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 50 }), lateness, async (steps, late) => {
      let timers = 0;
      const model = new Model(() => late[timers++ % late.length] ?? 0);
      await model.run(steps);
    }),
    // Always the same; `MODEL_RUNS` and `MODEL_SEED` are for long runs by hand.
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 150), seed: Number(process.env['MODEL_SEED'] ?? 12) },
  );
  expect.assertions(0);
});
