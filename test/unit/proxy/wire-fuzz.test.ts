import { expect, it } from 'vitest';

import { fuzz } from './wire-fuzz/compare.ts';

/** The long run is a command: `npm run fuzz`. */
const CASES = 10_000;

it("writes nothing that Node's parser does not accept, and reads alike what both accept", () => {
  const seed = 20_260_101;
  const { differences, cases, accepted, acceptedAlone, refusedByBoth } = fuzz(seed, 0, CASES);
  expect(differences).toEqual([]);
  expect(cases).toBe(CASES);
  // The cases are neither all right nor all wrong.
  expect(accepted).toBeGreaterThan(CASES / 10);
  expect(refusedByBoth).toBeGreaterThan(CASES / 10);
  expect(acceptedAlone).toBeGreaterThan(CASES / 100);
});
