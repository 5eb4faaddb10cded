/** Which number an instance is followed to, one at a time. */
import { expect, it } from 'vitest';

import type { ResolvedPort } from '../../../../src/plan/plan.ts';
import { createFollowing, type Followed } from '../../../../src/stack/readiness/following.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('a number that is refused does not begin anew what is under way for another', async () => {
  const asked: number[] = [];
  const answers: ((result: Followed) => void)[] = [];
  const port = { name: 'http', primary: true, leased: undefined } as ResolvedPort;
  let opened = 3000;
  const consider = (): boolean =>
    following.consider({
      has: (number) => number === opened,
      elsewhere: { numbers: [opened], since: 0, leases: [] },
    });
  const following = createFollowing({
    ports: () => [port],
    follows: () => 'asked',
    onFollow: (_name, number) => {
      asked.push(number);
      return new Promise((resolve) => answers.push(resolve));
    },
    onRefused: () => void consider(),
    later: () => undefined,
  });
  expect(consider()).toBe(true);
  opened = 3001;
  expect([consider(), consider()]).toEqual([true, true]);
  answers[0]?.({ followed: false, why: '3000 belongs to web of shop' });
  await settle();
  expect(asked).toEqual([3000, 3001]);
  answers[1]?.({ followed: false, why: 'no' });
  await settle();
  expect([consider(), asked]).toEqual([false, [3000, 3001]]);
});
