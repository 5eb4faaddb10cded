import { expect, it } from 'vitest';

import { BLOCKED_PORTS } from '../../../src/lib/blocked-ports.ts';

/** Asks the standard's list as Node has it: nothing is dialled, since no request gets further than this. */
async function isRefused(port: number): Promise<boolean> {
  const dispatcher = {
    dispatch: () => {
      throw new Error('let through');
    },
  };
  const init = { dispatcher } as unknown as RequestInit;
  const why: unknown = await fetch(`http://127.0.0.1:${port}/`, init).catch((error: unknown) => error);
  const { cause } = why as { readonly cause?: Error };
  return cause?.message === 'bad port';
}

it('every number that is blocked is refused by fetch, and no other', async () => {
  // Of 0 browsers alone say so.
  for (const port of BLOCKED_PORTS) if (port !== 0) expect(await isRefused(port), String(port)).toBe(true);
  const others = Array.from({ length: 10_100 }, (_, port) => port).filter((port) => !BLOCKED_PORTS.has(port));
  for (const port of others) expect(await isRefused(port), String(port)).toBe(false);
});
