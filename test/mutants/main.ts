/** `npm run mutants`: changes the source, one place at a time, and tells which changes no test notices. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

import { messageOf } from '../../src/lib/errors.ts';
import { applyMutation, findMutations, type Mutation } from './mutations.ts';
import { markPlaces } from './marks.ts';
import { processTestsOf, reachingTestsOf, unitTestsOf } from './nearest.ts';
import { changedLines, parseOptions, sample, USAGE, type Options } from './options.ts';
import { openSandbox, type Sandbox, type Verdict } from './sandbox.ts';

const root = process.cwd();

interface Mutant {
  readonly file: string;
  readonly text: string;
  readonly mutation: Mutation;
}

const git = (...words: string[]): string =>
  execFileSync('git', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

function findMutants({ files, base, rooms }: Options): Mutant[] {
  const changed =
    base === undefined ? undefined : changedLines(git('diff', '--unified=0', base, '--', 'src'));
  const named = files.map((file) => relative(root, resolve(file)));
  const listed = rooms.length === 0 ? [] : git('ls-files', '--', ...rooms).split('\n');
  const chosen = named.length + rooms.length > 0 ? [...named, ...listed] : [...(changed?.keys() ?? [])];
  return chosen
    .filter((file) => /^src\/.*\.ts$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(resolve(root, file), 'utf8');
      return findMutations(text)
        .filter(({ line }) => changed === undefined || changed.get(file)?.has(line) === true)
        .map((mutation) => ({ file, text, mutation }));
    });
}

/** From so many mutants on, one run of all tests is less work than all that import the file, for each. */
const MANY = 20;

/**
 * Finds which test files come by each mutant's place, in one run of them all. A mutant is missing where its file
 * has a place that cannot be marked.
 */
async function findReaching(
  sandbox: Sandbox,
  mutants: readonly Mutant[],
): Promise<Map<Mutant, readonly string[]>> {
  const known = new Map<Mutant, readonly string[]>();
  const files = new Map<string, string>();
  for (const { file, text } of mutants) {
    const marked = markPlaces(
      text,
      mutants.flatMap((mutant, mark) => (mutant.file === file ? [[mark, mutant.mutation] as const] : [])),
    );
    if (marked !== undefined) files.set(file, marked);
  }
  const { reached, failed } = await sandbox.findReached(files);
  if (failed.length > 0) console.log(`these fail without a mutant, and are not asked: ${failed.join(', ')}`);
  for (const [mark, mutant] of mutants.entries())
    if (files.has(mutant.file)) known.set(mutant, reached.get(mark) ?? []);
  return known;
}

async function judge(
  sandbox: Sandbox,
  { file, text, mutation }: Mutant,
  reaching: readonly string[] | undefined,
  options: Options,
): Promise<Verdict> {
  const mutated = applyMutation(text, mutation);
  const runs = reaching === undefined ? [unitTestsOf(file)] : reachingTestsOf(file, reaching);
  if (options.process) runs.push(processTestsOf(file));
  for (const tests of runs) {
    const verdict = await sandbox.tryWith(file, mutated, tests);
    if (verdict !== 'missed') return verdict;
  }
  return 'missed';
}

function describeMutant({ file, text, mutation }: Mutant): string {
  const { start, end, replacement, line, kind } = mutation;
  const short = (words: string): string => words.replace(/\s+/g, ' ').slice(0, 90);
  return `${file}:${line} ${kind}: ${short(text.slice(start, end))} → ${short(replacement)}`;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const all = findMutants(options);
  const chosen = options.random === undefined ? all : sample(all, options.random, options.seed);
  console.log(
    `${chosen.length} of ${all.length} mutants${options.random === undefined ? '' : `, seed ${options.seed}`}`,
  );
  const sandbox = openSandbox(root);
  let noticed = 0;
  try {
    const reaching = chosen.length < MANY ? undefined : await findReaching(sandbox, chosen);
    for (const mutant of chosen) {
      const files = reaching?.get(mutant);
      const verdict = await judge(sandbox, mutant, files, options);
      if (verdict !== 'missed') noticed += 1;
      const came = verdict === 'missed' && files !== undefined ? ` (${files.length} test files come by)` : '';
      console.log(`${verdict.padEnd(9)} ${describeMutant(mutant)}${came}`);
    }
  } finally {
    sandbox.close();
  }
  const share = chosen.length === 0 ? 100 : (noticed / chosen.length) * 100;
  console.log(`${noticed} of ${chosen.length} noticed (${share.toFixed(0)} %)`);
  return noticed === chosen.length ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
