/**
 * After each file: nothing is left in the engine. What is left fails the file that left it and is removed, so that the
 * next one begins with an empty engine. An engine that is not for these tests alone stays as it is.
 */
import { afterAll, expect } from 'vitest';

import { isPrivateEngine, removeAll } from './engine.ts';

afterAll(async () => {
  if (isPrivateEngine()) expect(await removeAll()).toEqual([]);
});
