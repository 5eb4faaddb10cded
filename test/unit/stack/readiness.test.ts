import { expect, it } from 'vitest';

import { watchReadiness } from '../../../src/stack/readiness.ts';
import { createManualClock } from '../manual-clock.ts';

it('looks at all that is ready on one beat, between 5 and 15 s after the last look', async () => {
  const clock = createManualClock();
  const looks = new Map<string, number[]>();
  const begin = (name: string): (() => void) => {
    const times: number[] = [];
    looks.set(name, times);
    return watchReadiness({
      ready: { kind: 'default', interval: 250, timeout: undefined },
      usual: async () => {
        times.push(clock.now());
        return undefined;
      },
      ports: [],
      dir: '/',
      stamp: undefined,
      run: async () => undefined,
      clock,
      onLine: () => () => undefined,
      onFinding: () => undefined,
    });
  };
  const ends: (() => void)[] = [];
  for (const name of ['api', 'web', 'db']) {
    ends.push(begin(name));
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(3_100);
  }
  await clock.advance(60_000);
  const relaxed = [...looks.values()].map(([, ...later]) => later);
  expect(new Set(relaxed.map((times) => times.slice(-5).join())).size).toBe(1);
  for (const times of looks.values()) {
    for (const [index, time] of times.entries()) {
      const pause = time - (times[index - 1] ?? time - 10_000);
      expect(pause).toBeGreaterThanOrEqual(5_000);
      expect(pause).toBeLessThanOrEqual(15_000);
    }
  }
  for (const end of ends) end();
  expect(clock.waiting).toBe(0);
});
