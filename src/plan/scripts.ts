/** What a command line really runs: through package managers, scripts of package.json, and what runs several at once. Pure. */
import type { Position } from '../contract/diagnostic.ts';
import { taskRun } from './tasks.ts';

/** Which package a package manager is sent to. */
export type PackageTarget = { readonly dir: string } | { readonly name: string };

export interface Script {
  readonly text: string;
  readonly at?: Position | undefined;
}

/** A package as the commands in its folder see it. */
export interface PackageScope {
  readonly script: (name: string) => Script | undefined;
  readonly scriptNames: () => readonly string[];
  /** Another package of the workspace; undefined for one that is not known. */
  readonly at: (target: PackageTarget) => PackageScope | undefined;
  /** Whether the configuration of its dev server reads `PORT`. */
  readonly readsPort: () => boolean;
  /** Whether package.json has a `proxy`, which react-scripts reads. */
  readonly hasProxy: () => boolean;
  /** The other packages of the workspace, as far as they are known. */
  readonly others: () => readonly PackageScope[];
}

/** A folder that is not known to be a package. */
const NOWHERE: PackageScope = {
  script: () => undefined,
  scriptNames: () => [],
  at: () => undefined,
  readsPort: () => false,
  hasProxy: () => false,
  others: () => [],
};

export interface ScriptRun {
  readonly name: string;
  readonly separators: readonly string[];
  /** What the command itself hands on to the script. */
  readonly args: readonly string[];
  /** Absent for the package in this folder; `all` others of the workspace; `many` where a pattern chooses. */
  readonly target?: PackageTarget | 'all' | 'many';
}

/** Options that choose the package: by folder, by name or pattern, and all of them. */
const SELECT: Readonly<Record<string, { dir: RegExp; name: RegExp; all: RegExp }>> = {
  npm: { dir: /^(?:--prefix|-C)$/, name: /^(?:-w|--workspace)$/, all: /^(?:--workspaces|-ws)$/ },
  pnpm: {
    dir: /^(?:-C|--dir)$/,
    name: /^(?:-F|--filter)$/,
    all: /^(?:-r|--recursive)$/,
  },
  yarn: { dir: /^--cwd$/, name: /^$/, all: /^$/ },
  bun: { dir: /^--cwd$/, name: /^(?:-F|--filter)$/, all: /^$/ },
};

/** `npm run dev`, `npm start -w web`, `pnpm --filter web dev`, `yarn workspace web dev` and their like. */
export function scriptRun(words: readonly string[]): ScriptRun | undefined {
  const [program = '', ...all] = words;
  const manager = baseName(program);
  const select = SELECT[manager];
  if (select === undefined) return undefined;
  const end = all.indexOf('--');
  const own = end === -1 ? all : all.slice(0, end);
  const handed = end === -1 ? [] : all.slice(end + 1);
  const plain: string[] = [];
  let target: ScriptRun['target'];
  for (let index = 0; index < own.length; index += 1) {
    const [flag = '', inline] = (own[index] ?? '').split(/=(.*)/s);
    if (select.all.test(flag)) target ??= 'all';
    else if (manager === 'pnpm' && /^(?:-w|--workspace-root)$/.test(flag)) target = 'many';
    else if (select.dir.test(flag) || select.name.test(flag)) {
      const value = inline ?? own[(index += 1)] ?? '';
      target = select.dir.test(flag) ? { dir: value } : targetOf(value);
    } else if (!flag.startsWith('-')) {
      plain.push(flag + (inline === undefined ? '' : `=${inline}`));
      const name = scriptNameIn(manager, plain);
      // npm keeps flags for itself unless "--" stands before them; the others hand on all that follows the script.
      if (name === undefined || manager === 'npm') continue;
      return {
        ...name,
        separators: [],
        args: end === -1 ? own.slice(index + 1) : handed,
        ...withTarget(name.target ?? target),
      };
    }
  }
  const name = scriptNameIn(manager, plain);
  if (name === undefined) return undefined;
  return { ...name, separators: end === -1 ? ['--'] : [], args: handed, ...withTarget(target) };
}

const withTarget = (target: ScriptRun['target']): Pick<ScriptRun, 'target'> =>
  target === undefined ? {} : { target };

/** The script that the plain words of a package manager run, once they say it. */
function scriptNameIn(
  manager: string,
  plain: readonly string[],
): Pick<ScriptRun, 'name' | 'target'> | undefined {
  const [verb = '', ...rest] = plain;
  if (manager === 'yarn' && verb === 'workspaces') return undefined;
  if (manager === 'yarn' && verb === 'workspace') {
    const [workspace = '', first, second] = rest;
    const name = first === 'run' ? second : first;
    return name === undefined ? undefined : { name, target: { name: workspace } };
  }
  const isRun = verb === 'run' || (manager === 'npm' && verb === 'run-script');
  const name = isRun ? rest[0] : manager === 'npm' && !['start', 'test'].includes(verb) ? undefined : verb;
  return name === undefined || name === '' ? undefined : { name };
}

/** A path, a name, or a pattern for several. */
function targetOf(value: string): PackageTarget | 'many' {
  if (/^\.{1,2}(?:\/|$)/.test(value) && !value.includes('*')) return { dir: value.replace(/\/$/, '') };
  return /^(?:@[\w.-]+\/)?[\w.-]+(?:\/[\w.-]+)*$/.test(value) && !value.includes('...')
    ? { name: value }
    : 'many';
}

/** One program with its arguments, as a command line leads to it. */
export interface Program {
  /** Assignments before the program included: `PORT=3000 node x.js`. */
  readonly words: readonly string[];
  /** The script that it stands in; absent for the command itself. */
  readonly at?: Position | undefined;
  readonly scope: PackageScope;
  /** What runs it beside others, so that nothing put behind the command reaches it alone. */
  readonly beside?: string | undefined;
}

/** Scripts that run scripts: more than a few are a loop. */
const MAX_NESTING = 8;

/** All programs that a command leads to, those in between included. */
export function programsOf(command: string | readonly string[], scope: PackageScope): Program[] {
  const lines = typeof command === 'string' ? commandsIn(command, scope) : [{ words: command, scope }];
  return lines.flatMap((line) => follow(line, MAX_NESTING));
}

function follow(program: Program, nesting: number): Program[] {
  if (nesting === 0) return [program];
  const words = withoutPrefixes(program.words);
  const run = scriptRun(words);
  const inner = run === undefined ? followSeveral(program, words) : followScript(program, run);
  return [program, ...inner.flatMap((each) => follow(each, nesting - 1))];
}

function followScript({ scope, beside }: Program, { name, target, args }: ScriptRun): Program[] {
  if (target === 'all')
    return scope
      .others()
      .flatMap((each) =>
        handOn(args, linesOf(each, name, beside ?? 'a package manager that runs it in every package')),
      );
  const next = target === undefined ? scope : target === 'many' ? undefined : scope.at(target);
  return next === undefined ? [] : handOn(args, linesOf(next, name, beside));
}

/** Puts what a command hands on to a script behind the script's last line. */
const handOn = (args: readonly string[], lines: readonly Program[]): Program[] =>
  lines.map((line, index) =>
    index === lines.length - 1 ? { ...line, words: [...line.words, ...args] } : line,
  );

const linesOf = (scope: PackageScope, name: string, beside: string | undefined): Program[] => {
  const script = scope.script(name);
  return commandsIn(script?.text ?? '', scope).map((line) => ({ ...line, at: script?.at, beside }));
};

/** `concurrently`, `run-p`, `npm-run-all`, `turbo run`, `nx`, `lerna run` and `sh -c`. */
function followSeveral({ scope, at, beside }: Program, words: readonly string[]): Program[] {
  const [program = '', ...args] = programWords(words);
  const name = baseName(program);
  if (/^(?:ba|z|da)?sh$/.test(name) && args[0] === '-c') {
    return commandsIn(args[1] ?? '', scope).map((line) => ({ ...line, at, beside }));
  }
  if (name === 'concurrently' || name === 'conc') {
    return withoutOptions(args, /^(?:-n|--names|-c|--prefix-colors|-p|--prefix|-m|--max-processes)$/).flatMap(
      (line) => {
        const [, pattern] = /^(?:npm|yarn|pnpm|bun):(\S+)/.exec(line) ?? [];
        return pattern === undefined
          ? commandsIn(line, scope).map((each) => ({ ...each, at, beside: name }))
          : matching(scope, pattern).flatMap((script) => linesOf(scope, script, name));
      },
    );
  }
  if (/^(?:run-p|run-s|npm-run-all2?)$/.test(name)) {
    return withoutOptions(args, /^(?:--max-parallel|-n|-c)$/).flatMap((pattern) =>
      matching(scope, pattern.split(' ')[0] ?? '').flatMap((script) => linesOf(scope, script, name)),
    );
  }
  const task = taskRun(name, args);
  if (task === undefined) return [];
  const { target, tasks } = task;
  const scopes = target === 'all' ? scope.others() : target === 'many' ? [] : [scope.at(target) ?? NOWHERE];
  return scopes.flatMap((each) => tasks.flatMap((one) => linesOf(each, one, name)));
}

const withoutOptions = (args: readonly string[], withValue: RegExp): string[] =>
  args.filter((arg, index) => !arg.startsWith('-') && !withValue.test(args[index - 1] ?? ''));

/** `npx concurrently` is `concurrently`. */
export function programWords(words: readonly string[]): readonly string[] {
  const start = words.findIndex((word) => !/^(?:npx|bunx|pnpm|yarn|bun|exec|dlx|x|-y|--yes|--)$/.test(word));
  return start === -1 ? [] : words.slice(start);
}

function matching(scope: PackageScope, pattern: string): string[] {
  if (!pattern.includes('*')) return [pattern];
  const source = pattern.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const test = new RegExp(`^${source.join('.*')}$`);
  return scope.scriptNames().filter((name) => test.test(name));
}

/** The simple commands of a shell line, each with the package that `cd` has led to. */
export function commandsIn(line: string, scope: PackageScope): Pick<Program, 'words' | 'scope'>[] {
  const found: Pick<Program, 'words' | 'scope'>[] = [];
  // A list before "&" and what stands in parentheses runs in a shell of its own, whose folder ends with it.
  const outside: PackageScope[] = [];
  let [start, here] = [scope, scope];
  let words: string[] = [];
  const end = (operator: string): void => {
    const folder = words[0] === 'cd' ? words.slice(1).find((word) => word !== '--') : undefined;
    if (folder !== undefined) here = enter(here, folder);
    else if (words.length > 0) found.push({ words, scope: here });
    words = [];
    if (operator === '&') here = start;
    if (operator === ';' || operator === '\n') start = here;
    if (operator === '(') outside.push(here);
    if (operator === ')') here = outside.pop() ?? here;
  };
  for (const token of tokensOf(line)) {
    if (OPERATOR.test(token)) end(token);
    else words.push(unquoted(token));
  }
  end('');
  return found;
}

/** npm looks for package.json upwards, so a folder below a package that is none itself belongs to it. */
const enter = (scope: PackageScope, folder: string): PackageScope =>
  scope.at({ dir: folder }) ?? (/^(?:\.\.|\/|~|\$)/.test(folder) ? NOWHERE : scope);

const OPERATOR = /^[;&|\n()]+$/;
const tokensOf = (line: string): readonly string[] =>
  line.match(/(?:"[^"]*"|'[^']*'|[^\s"'&|;()])+|&&|\|\||[;&|\n()]/g) ?? [];
const unquoted = (token: string): string => token.replace(/"[^"]*"|'[^']*'/g, (text) => text.slice(1, -1));

/** The simple commands of a shell line, in words; quotes are taken away, and nothing is expanded. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const token of tokensOf(line)) {
    if (OPERATOR.test(token)) commands.push([]);
    else commands.at(-1)?.push(unquoted(token));
  }
  return commands.filter((words) => words.length > 0);
}

/** Programs that read variables from a file or a vault, and run the rest of their words with them. */
const WRAPPERS = /^(?:dotenv|dotenvx|env-cmd|doppler|infisical|op)$/;

/** `FOO=1`, `exec`, `env`, `cross-env` and `dotenv -e .env --` change nothing about what runs. */
export function withoutPrefixes(words: readonly string[]): readonly string[] {
  const start = words.findIndex(
    (word) => !/^[A-Za-z_]\w*=/.test(word) && !['exec', 'env', 'cross-env', 'command'].includes(word),
  );
  const rest = start === -1 ? [] : words.slice(start);
  if (!WRAPPERS.test(baseName(rest[0] ?? ''))) return rest;
  const end = rest.indexOf('--');
  if (end !== -1) return withoutPrefixes(rest.slice(end + 1));
  // Options of these have a value: env-cmd -f .env.local vite.
  let first = 1;
  while (rest[first]?.startsWith('-') === true) first += 2;
  return withoutPrefixes(rest.slice(first));
}

export const baseName = (program: string): string =>
  program.replace(/^.*[\\/]/, '').replace(/\.(?:cmd|exe)$/, '');
