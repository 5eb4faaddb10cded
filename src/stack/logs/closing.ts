/**
 * What package managers print after a script of theirs has failed: that it has, with which code, and where to read about
 * it. It comes last, once for each of them that runs the next, and says nothing of why. Pure.
 */
import { stripVTControlCharacters } from 'node:util';

/** The mark of a line's program, where one runner shows the lines of several: "[web] ", "web:dev: ", "web dev: ". */
const WHOSE = /^(?:\[[^\]]+\] |[\w@./-]+[: ][\w:.-]+: )/;

/** npm, since 7; before that, its ten lines around ELIFECYCLE. A code that is a word, such as ENOENT, is an error of its own. */
const NPM = [
  /Lifecycle script .* failed with error:/,
  /code (?:\d+|ELIFECYCLE)/,
  /(?:path|workspace|location|errno|signal|command) .*/,
  /command failed/,
  /\S+ [\w:.-]+: `.*`/,
  /Exit status \d+/,
  /Failed at the \S+ \S+ script\./,
  /This is probably not a problem with npm\..*/,
  /A complete log of this run can be found in:.*/,
  / *\S+debug(?:-\d+)?\.log/,
].map(({ source }) => `npm (?:error|ERR!) ${source}`);

/** pnpm writes its codes between thin spaces. */
const PNPM = [
  /\s*ELIFECYCLE\s+Command failed.*/,
  /\s*ERR_PNPM_RECURSIVE_(?:RUN|EXEC)_FIRST_FAIL\s.*/,
  /Exit status \d+/,
];

/** Yarn 1 about one package, later ones about several. */
const YARN = [
  /error Command failed(?: with (?:exit code|signal) \S+)?\.?/,
  /info Visit https:\/\/yarnpkg\.com\/\S* for documentation about this command\./,
  /(?:➤ YN0000: )?The command failed in workspace .*/,
  /(?:➤ YN0000: )?Failed with errors in .*/,
];

const BUN = [/error: script ".*" (?:exited with code|was terminated by signal) .*/, /Exited with code \d+/];

const OTHERS = [...PNPM, ...YARN, ...BUN].map(({ source }) => source);
const CLOSING = new RegExp(`^(?:npm (?:error|ERR!)|${[...NPM, ...OTHERS].join('|')})$`);

/** Tells whether a package manager says with the line that its script has failed. */
export function isClosing(line: string): boolean {
  const text = stripVTControlCharacters(line).trimEnd();
  return CLOSING.test(text) || CLOSING.test(text.replace(WHOSE, ''));
}

/** Leaves those lines out, unless there is nothing else. */
export function withoutClosing(log: readonly string[]): readonly string[] {
  const own = log.filter((line) => !isClosing(line));
  return own.some((line) => line.trim() !== '') ? own : log;
}
