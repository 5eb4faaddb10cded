/** Which of the signals that `portramp dev` gets ask it to stop at once. */
import { describe, expect, it } from 'vitest';

import { createEchoes } from '../../../src/cli/dev/signals.ts';
import { createManualClock } from '../manual-clock.ts';

describe('a signal', () => {
  it.each<[string, NodeJS.Signals, number, NodeJS.Signals, boolean]>([
    ['that timeout sends to its child and to the group', 'SIGTERM', 20, 'SIGTERM', true],
    ['that comes to the group a little later', 'SIGTERM', 499, 'SIGTERM', true],
    ['that somebody sends once more', 'SIGTERM', 500, 'SIGTERM', false],
    ['that the terminal and a package manager send', 'SIGINT', 10, 'SIGINT', true],
    ['of a hand that is quick', 'SIGINT', 150, 'SIGINT', false],
    ['of another kind', 'SIGINT', 10, 'SIGTERM', false],
  ])('%s', async (_, first, later, second, isEcho) => {
    const clock = createManualClock();
    const echoes = createEchoes(clock);
    expect(echoes(first)).toBe(false);
    await clock.advance(later);
    expect(echoes(second)).toBe(isEcho);
  });

  it('is counted from the first one: one that never stops coming is heard', async () => {
    const clock = createManualClock();
    const echoes = createEchoes(clock);
    const heard = [];
    for (let at = 0; at < 4; at += 1) {
      heard.push(echoes('SIGTERM'));
      await clock.advance(200);
    }
    expect(heard).toEqual([false, true, true, false]);
  });
});
