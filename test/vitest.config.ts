import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;
const project = (name: string, include: string[], timeout: number, globalSetup: string[] = []) => ({
  root,
  test: { name, include, testTimeout: timeout, hookTimeout: timeout, pool: 'forks' as const, globalSetup },
});

/** One file after the other, when all the rest is done; each leaves its engine empty. */
const oneByOne = ({ root: folder, test }: ReturnType<typeof project>) => ({
  root: folder,
  test: {
    ...test,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
    setupFiles: ['test/engine/left.ts'],
  },
});

const BUILD = ['test/build.ts'];

/**
 * `unit` is pure and fast (it is part of `npm run check`); the others start real processes and browsers. Their bounds are
 * for what never comes: a machine may be slow, and the tests of another user run meanwhile.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    // A log is all that is left of a run: what was compared is shown whole.
    chaiConfig: { truncateThreshold: 0 },
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/property/**/*.test.ts'], 60_000),
      project('process', ['test/process/**/*.test.ts'], 240_000, BUILD),
      // With a real container engine: no two files at once, and one of them restarts it.
      oneByOne(project('engine', ['test/engine/**/*.test.ts'], 600_000, [...BUILD, 'test/engine/setup.ts'])),
      project('browser', ['test/browser/**/*.test.ts'], 240_000, BUILD),
    ],
  },
});
