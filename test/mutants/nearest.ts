/** Which tests are shown a mutant. Pure. */

const CONFIG = ['--config', 'test/vitest.config.ts', '--bail', '1', '--passWithNoTests'];

/** Unit and property tests that import the file, over whatever way. */
export const unitTestsOf = (file: string): string[] => [
  'related',
  file,
  '--run',
  ...CONFIG,
  '--project',
  'unit',
];

/**
 * The same where it is known which test files come by the mutant's place: first those of the file's own room,
 * then the others.
 */
export function reachingTestsOf(file: string, reaching: readonly string[]): string[][] {
  const room = `/${file.split('/')[1] ?? ''}/`;
  const near = reaching.filter((test) => test.includes(room));
  const far = reaching.filter((test) => !test.includes(room));
  return [near, far].filter(({ length }) => length > 0).map((tests) => runOf('unit', tests));
}

/** Writes the words that run every unit and property test, each of which reports to `reach.config.ts`. */
export const REACH = ['run', '--config', 'test/mutants/reach.config.ts'];

/** For rooms whose process tests do not have their name. */
const NEAREST: readonly (readonly [string, readonly string[]])[] = [
  ['src/runtime/process', ['runtime', 'stack/awkward']],
  ['src/runtime/', ['stack/awkward', 'stack/crash']],
  ['src/protocol', ['protocol', 'daemon/lifecycle', 'daemon/requests']],
  ['src/lib', ['daemon/lifecycle', 'ports/leases', 'cli/state-folder']],
  ['src/stack/session', ['stack/crash']],
  ['src/stack', ['stack/lifecycle', 'stack/supervision']],
];

/** Process tests of the file's room, or those that stand for them. */
export function processTestsOf(file: string): string[] {
  const room = file.split('/')[1] ?? '';
  const folders = NEAREST.find(([begin]) => file.startsWith(begin))?.[1] ?? [room];
  return runOf(
    'process',
    folders.map((folder) => `test/process/${folder}`),
  );
}

const runOf = (project: string, tests: readonly string[]): string[] => [
  'run',
  ...tests,
  ...CONFIG,
  '--project',
  project,
];
