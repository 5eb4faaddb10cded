/** The tasks that turbo, nx and lerna are asked to run, and in which packages. Pure. */
import type { PackageTarget } from './scripts.ts';

export interface TaskRun {
  readonly target: PackageTarget | 'all' | 'many';
  readonly tasks: readonly string[];
}

/** Undefined for another program, or one that runs no tasks. */
export function taskRun(program: string, args: readonly string[]): TaskRun | undefined {
  if (program === 'turbo') {
    const tasks = plain(args, /^(?:-F|--filter|--env-mode|--concurrency|--cwd)$/).filter(
      (task) => task !== 'run',
    );
    return { target: oneOf(valuesOf(args, /^(?:-F|--filter)$/)), tasks };
  }
  if (program === 'lerna') {
    const [verb, ...tasks] = plain(args, /^(?:--scope|--ignore|--concurrency|--npm-client)$/);
    return verb === 'run' ? { target: oneOf(valuesOf(args, /^--scope$/)), tasks } : undefined;
  }
  return program === 'nx' ? nxRun(args) : undefined;
}

/** `nx run web:dev`, `nx dev web` and `nx run-many -t dev -p web`. */
function nxRun(args: readonly string[]): TaskRun | undefined {
  const [verb = '', name = ''] = plain(
    args,
    /^(?:-t|--targets?|-p|--projects?|-c|--configuration|--parallel)$/,
  );
  if (verb === 'run-many' || verb === 'affected') {
    const tasks = valuesOf(args, /^(?:-t|--targets?)$/).flatMap((list) => list.split(','));
    const projects = valuesOf(args, /^(?:-p|--projects?)$/).flatMap((list) => list.split(','));
    return { target: verb === 'affected' ? 'many' : oneOf(projects), tasks };
  }
  const [project = '', task] = verb === 'run' ? name.split(':') : [name, verb];
  return project === '' || task === undefined ? undefined : { target: { name: project }, tasks: [task] };
}

/** All packages where none is named, one by its name, else a choice that only the program can make. */
function oneOf(names: readonly string[]): TaskRun['target'] {
  const [only] = names;
  if (only === undefined) return 'all';
  return names.length === 1 && /^(?:@[\w.-]+\/)?[\w.-]+$/.test(only) ? { name: only } : 'many';
}

const valuesOf = (args: readonly string[], flag: RegExp): string[] =>
  args.flatMap((arg, index) => {
    const [name = '', value] = arg.split(/=(.*)/s);
    if (!flag.test(name)) return [];
    return [value ?? args[index + 1] ?? ''];
  });

const plain = (args: readonly string[], withValue: RegExp): string[] =>
  args.filter((arg, index) => !arg.startsWith('-') && !withValue.test(args[index - 1] ?? ''));
