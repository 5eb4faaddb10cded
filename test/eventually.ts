import { vi } from 'vitest';

/**
 * Looks again and again until `look` no longer throws or rejects, and gives what it gave. The bound (in milliseconds)
 * is for what never comes: a test that passes never waits for it, however slow the machine.
 */
export const eventually = <T>(look: () => T | Promise<T>, timeout = 60_000): Promise<T> =>
  vi.waitFor(look, { timeout, interval: 50 });
