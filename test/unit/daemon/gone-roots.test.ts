/** Checkouts that were removed while the daemon runs. */
import { expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { followGone } from '../../../src/daemon/gone-roots.ts';

it('a checkout that is gone is found when its stack comes to rest, and told once', async () => {
  const asked: string[] = [];
  let changes = 0;
  const gone = followGone(
    () => (changes += 1),
    async (root) => {
      asked.push(root);
      return root === '/gone';
    },
  );
  gone.follow(['/here']);
  await eventually(() => expect(asked).toEqual(['/here']));
  expect([gone.known.size, changes]).toEqual([0, 0]);
  gone.follow(['/here', '/gone', '/gone']);
  await eventually(() => expect([[...gone.known], changes]).toEqual([['/gone'], 1]));
  // The same stacks rest as before: nobody is asked again.
  gone.follow(['/gone', '/here']);
  expect(asked).toEqual(['/here', '/here', '/gone']);
  gone.follow(['/here']);
  await eventually(() => expect([gone.known.size, changes]).toEqual([0, 2]));
});

it('a folder that cannot be looked at is not gone', async () => {
  const { findGone } = await import('../../../src/daemon/gone-roots.ts');
  expect(await findGone(['/', '/no/such/folder'])).toEqual(new Set(['/no/such/folder']));
  expect(await findGone(['/x\0y'])).toEqual(new Set());
});
