import { defineConfig } from 'vitest/config';

/** The tests that `npm run mutants` asks first, each of which writes down which marks it came by. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'unit',
    include: ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'],
    setupFiles: ['test/mutants/reach-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
