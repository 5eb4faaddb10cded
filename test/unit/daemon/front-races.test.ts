/** Two runners that remember different numbers of the front claim at one step: the second while the front moves for the first. */
import { describe, expect, it } from 'vitest';

import { openFrontPort, type FrontPort } from '../../../src/daemon/front-port.ts';
import type { FrontNumber } from '../../../src/daemon/front-store.ts';
import { createManualClock } from '../manual-clock.ts';

const OLDER: FrontNumber = { http: 8_001, moves: 3 };
const NEWER: FrontNumber = { http: 8_002, moves: 5 };
const TWIN: FrontNumber = { http: 8_003, moves: 3 };

const STEPS = ['listen', 'holdersOf', 'remember', 'onMove'] as const;
type Step = (typeof STEPS)[number];

describe.each(STEPS)('at %s', (step) => {
  it.each([
    ['the newer one comes second', OLDER, NEWER, NEWER],
    ['the newer one comes first', NEWER, OLDER, NEWER],
    ['both are as old', OLDER, TWIN, OLDER],
    ['both are the same', OLDER, OLDER, OLDER],
  ])('%s: there is one number, which is served, told and kept', async (_what, first, second, winner) => {
    const clock = createManualClock();
    const seen = { served: 0, kept: undefined as FrontNumber | undefined, told: 0 };
    let later: Promise<void> | undefined;
    let front: FrontPort | undefined;
    // The number of the first is taken for a moment where it is asked who holds it.
    let isTaken = step === 'holdersOf';
    const at = (now: Step): void => {
      if (now === step && front !== undefined) later ??= front.adopt(second);
    };
    front = await openFrontPort({
      choice: { ports: [7_267], moves: 1, origin: 'guess' },
      listen: async (port) => {
        at('listen');
        if (isTaken && front !== undefined) {
          isTaken = false;
          throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
        }
        return (seen.served = port);
      },
      holdersOf: async () => {
        at('holdersOf');
        return [];
      },
      remember: async (number) => {
        at('remember');
        seen.kept = number;
      },
      onMove: ({ http = 0 }) => {
        at('onMove');
        seen.told = http;
      },
      clock,
      log: () => undefined,
    });
    await front.adopt(first);
    expect(later).toBeDefined();
    await later;
    // A number that was taken is tried again; one that is given up is not.
    await clock.advance(5_000);
    expect(seen).toEqual({ served: winner.http, kept: winner, told: winner.http });
    expect([front.status, front.moves]).toEqual([{ http: winner.http }, winner.moves]);
    await front.close();
    expect(clock.waiting).toBe(0);
  });
});
