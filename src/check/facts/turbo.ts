/** What Turborepo hands on (https://turborepo.dev/docs/reference/configuration). */
import type { Source } from '../../contract/yaml.ts';
import { member, membersOf, readJson, textOf, textsOf } from './json.ts';

export interface TurboConfig {
  /** Whether variables that are not named are dropped, unless a flag says otherwise. */
  readonly isStrict: boolean;
  /** The names that `globalPassThroughEnv` has. */
  readonly globalPassThrough: readonly string[];
  /** Whether the variable reaches every one of these tasks. */
  passes(name: string, tasks: readonly string[]): boolean;
}

export function readTurboConfig(source: Source): TurboConfig | undefined {
  const root = readJson(source);
  if (root?.type !== 'Object') return undefined;
  const isVersion1 = member(root, 'tasks') === undefined && member(root, 'pipeline') !== undefined;
  const globalPassThrough = textsOf(member(root, 'globalPassThroughEnv'));
  const global = [...globalPassThrough, ...textsOf(member(root, 'globalEnv'))];
  const tasks = membersOf(member(root, isVersion1 ? 'pipeline' : 'tasks'));
  // Version 1 is strict only where somebody names variables to pass.
  const names = 'passThroughEnv';
  const isDeclared =
    member(root, 'globalPassThroughEnv') !== undefined ||
    tasks.some(([, task]) => member(task, names) !== undefined);
  const mode = textOf(member(root, 'envMode'));
  const taskNames = (wanted: string): string[] =>
    tasks
      // `web#dev` is the task of one package, `//#dev` that of the root.
      .filter(([key]) => key === wanted || key.endsWith(`#${wanted}`))
      .flatMap(([, task]) => [...textsOf(member(task, names)), ...textsOf(member(task, 'env'))]);
  return {
    globalPassThrough,
    isStrict: isVersion1 ? isDeclared : mode !== 'loose',
    passes: (name, wanted) =>
      isMatched(name, global) ||
      (wanted.length > 0 && wanted.every((task) => isMatched(name, taskNames(task)))),
  };
}

/** `*` stands for anything, a leading `!` takes away. */
function isMatched(name: string, patterns: readonly string[]): boolean {
  const matches = (pattern: string): boolean =>
    new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`).test(name);
  const [taken, given] = [
    patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1)),
    patterns.filter((pattern) => !pattern.startsWith('!')),
  ];
  return given.some(matches) && !taken.some(matches);
}

const escape = (text: string): string => text.replace(/[\\^$.+?()[\]{}|]/g, '\\$&');

/** Programs that only lead to another one. */
const RUNNERS = new Set([
  'npx',
  'bunx',
  'pnpm',
  'yarn',
  'bun',
  'npm',
  'exec',
  'dlx',
  'run',
  'x',
  '--',
  '-y',
  '--yes',
]);

export interface TurboRun {
  readonly tasks: readonly string[];
  /** True with `--env-mode=loose`. */
  readonly isLoose: boolean;
}

/** What the words run through turbo, if they do. */
export function turboRunIn(words: readonly string[]): TurboRun | undefined {
  const start = words.findIndex((word) => /(?:^|\/)turbo(?:@\S+)?$/.test(word));
  if (start === -1 || words.slice(0, start).some((word) => !RUNNERS.has(word) && !word.includes('='))) {
    return undefined;
  }
  const end = words.indexOf('--', start);
  const own = words.slice(start + 1, end === -1 ? undefined : end);
  const tasks: string[] = [];
  own.forEach((word, index) => {
    const isValue = /^(?:-F|--(?:filter|env-mode|concurrency|cwd|output-logs|log-order))$/.test(
      own[index - 1] ?? '',
    );
    if (!word.startsWith('-') && !isValue) tasks.push(word);
  });
  const named = tasks[0] === 'run' ? tasks.slice(1) : tasks;
  // `watch` runs tasks too, other words are commands of turbo itself.
  const rest = named[0] === 'watch' ? named.slice(1) : named;
  const isLoose = own.some(
    (word, index) => word === '--env-mode=loose' || (word === 'loose' && own[index - 1] === '--env-mode'),
  );
  return rest.length === 0 ? undefined : { tasks: rest, isLoose };
}
